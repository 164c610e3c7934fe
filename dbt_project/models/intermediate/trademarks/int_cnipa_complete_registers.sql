-- Grain: one row per day of which China's complete trademark register was received.
select
    snapshot_date,
    min(delivery_sha256) as delivery_sha256,
    min(received_at) as received_at
from {{ ref('int_cnipa_extracts') }}
where is_complete
group by snapshot_date
