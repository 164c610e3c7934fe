-- Grain: one row per delivery received.
select
    {{ surrogate_key(['source_id', 'sha256']) }} as delivery_key,
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
from {{ source('lake', 'deliveries') }}
