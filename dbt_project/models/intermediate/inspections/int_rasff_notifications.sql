-- Grain: one row per RASFF reference.
select
    {{ surrogate_key(["'rasff'", 'notification_no']) }} as inspection_key,
    *
from (
    {{ newest_of_key(
        ref('stg_rasff__notification'),
        key=['notification_no'],
        newest_first=['notified_date'],
        content=[
            'product_name', 'product_category', 'notifying_country', 'origin_country', 'hazard_substance',
            'hazard_category'
        ]
    ) }}
) as newest
