-- Grain: one row per delivery received, including refused ones.
select
    delivery_key,
    source_id,
    sha256,
    original_name,
    received_at,
    bytes,
    n_records,
    n_loaded,
    n_quarantined,
    n_skipped,
    state,
    reason,
    publisher,
    licence,
    url,
    snapshot_date
from {{ ref('int_deliveries') }}
