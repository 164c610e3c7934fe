-- Grain: one row per correction, record and column that it changed; a correction without a record has one row.
select
    {{ surrogate_key([
        'corrections.source_id', 'corrections.correction_id', 'corrections.delivery_sha256', 'corrections.record_no',
        'corrections.item_no', 'corrections.column_name'
    ]) }} as correction_key,
    corrections.source_id,
    corrections.correction_id,
    corrections.entity,
    coalesce(deliveries.delivery_key, -1) as delivery_key,
    corrections.record_no,
    corrections.item_no,
    corrections.action,
    corrections.column_name,
    corrections.old_value,
    corrections.new_value,
    corrections.was_quarantined,
    corrections.reason,
    corrections.author,
    corrections.decided_date
from {{ source('lake', 'corrections') }} as corrections
left join {{ ref('int_deliveries') }} as deliveries
    on corrections.source_id = deliveries.source_id and corrections.delivery_sha256 = deliveries.sha256
