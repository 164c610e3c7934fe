-- Grain: one row per quarantined record and rule that it broke.
select
    source_id,
    delivery_sha256,
    record_no,
    rule,
    detail,
    raw,
    first_seen_at
from {{ source('lake', 'quarantine') }}
