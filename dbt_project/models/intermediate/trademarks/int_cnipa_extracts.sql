-- Grain: one row per extract of China's trademark register.
select
    sha256 as delivery_sha256,
    snapshot_date,
    received_at,
    regexp_matches(lower(original_name), '全量|全库|full|snapshot') and snapshot_date is not null as is_complete
from {{ ref('int_deliveries') }}
where source_id = 'cnipa_trademark' and state = 'loaded'
