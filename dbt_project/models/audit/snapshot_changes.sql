-- Grain: one row per key of a complete list and change of that key since the first list.
select
    {{ surrogate_key(['changes.source_id', 'changes.record_key', 'changes.valid_from']) }} as snapshot_change_key,
    changes.source_id,
    deliveries.delivery_key,
    changes.record_key,
    changes.change,
    changes.record_no,
    changes.valid_from,
    changes.valid_to,
    deliveries.received_at as recorded_at
from {{ ref('int_list_changes') }} as changes
inner join {{ ref('int_deliveries') }} as deliveries
    on changes.source_id = deliveries.source_id and changes.delivery_sha256 = deliveries.sha256
where changes.list_no > 1
