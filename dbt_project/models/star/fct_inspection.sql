-- Grain: one row per sample inspected, border notification or recall.
with inspections as (
    select * from {{ ref('int_matched_samples') }}
    union all
    select
        inspection_key,
        source_id,
        alert_no as sample_no,
        alert_no as notice_no,
        alert_date as notice_date,
        -1 as producer_enterprise_key,
        -1 as sampled_enterprise_key,
        product_name,
        null as brand_text,
        -1 as trademark_key,
        null as trademark_method,
        product_category_key,
        'fail' as result,
        false as is_recheck,
        -1 as region_key,
        delivery_sha256,
        record_no,
        -1 as commissioner_enterprise_key,
        agency,
        null as spec,
        null as production_date,
        null as last_production_date,
        origin_country
    from {{ ref('int_alerts') }}
)

select
    inspections.inspection_key,
    inspections.source_id,
    inspections.sample_no,
    inspections.notice_no,
    inspections.notice_date,
    inspections.producer_enterprise_key,
    inspections.sampled_enterprise_key,
    inspections.product_name,
    inspections.brand_text,
    inspections.trademark_key,
    inspections.product_category_key,
    inspections.result,
    inspections.is_recheck,
    inspections.region_key,
    coalesce(deliveries.delivery_key, -1) as delivery_key,
    inspections.record_no,
    inspections.commissioner_enterprise_key,
    {{ date_key('inspections.notice_date') }} as notice_date_key,
    inspections.agency,
    inspections.spec,
    inspections.production_date,
    inspections.last_production_date,
    inspections.origin_country,
    -- The two tables of one notice may come in two files, of which only one states its date.
    max(case inspections.result when 'pass' then 1 else 0 end) over (
        partition by
            inspections.source_id,
            inspections.agency,
            coalesce(inspections.notice_no, inspections.delivery_sha256 || cast(inspections.notice_date as varchar))
    ) = 1 as is_from_full_notice,
    inspections.trademark_method
from inspections
left join {{ ref('int_deliveries') }} as deliveries
    on inspections.source_id = deliveries.source_id and inspections.delivery_sha256 = deliveries.sha256
