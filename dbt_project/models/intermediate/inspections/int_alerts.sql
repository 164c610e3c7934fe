-- Grain: one row per notification or recall of a foreign office.
select
    inspection_key,
    'rasff' as source_id,
    notification_no as alert_no,
    notified_date as alert_date,
    product_name,
    case
        when product_category is null then -1 else {{ surrogate_key(["'rasff'", 'product_category']) }}
    end as product_category_key,
    notifying_country as agency,
    origin_country,
    delivery_sha256,
    record_no
from {{ ref('int_rasff_notifications') }}
union all
select
    inspection_key,
    'fda_enforcement' as source_id,
    recall_no as alert_no,
    report_date as alert_date,
    product_description as product_name,
    {{ surrogate_key(["'fda_enforcement'", 'product_type']) }} as product_category_key,
    'US FDA' as agency,
    null as origin_country,
    delivery_sha256,
    record_no
from {{ ref('int_fda_recalls') }}
