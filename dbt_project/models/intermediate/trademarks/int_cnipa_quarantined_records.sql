-- Grain: one row per quarantined record of a complete trademark register of China.
select
    extracts.snapshot_date,
    quarantined.raw
from {{ source('lake', 'quarantine') }} as quarantined
inner join {{ ref('int_cnipa_extracts') }} as extracts on quarantined.delivery_sha256 = extracts.delivery_sha256
where quarantined.source_id = 'cnipa_trademark' and extracts.is_complete
