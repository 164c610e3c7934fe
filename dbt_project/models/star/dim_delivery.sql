-- Grain: one row per delivery received, and the unknown delivery.
select
    delivery_key,
    source_id,
    sha256,
    bytes,
    n_records,
    n_loaded,
    n_quarantined,
    n_skipped,
    state,
    publisher,
    licence,
    snapshot_date
from {{ ref('int_deliveries') }}
union all
select
    -1 as delivery_key,
    'unknown' as source_id,
    'unknown' as sha256,
    null as bytes,
    null as n_records,
    null as n_loaded,
    null as n_quarantined,
    null as n_skipped,
    'unknown' as state,
    null as publisher,
    null as licence,
    null as snapshot_date
