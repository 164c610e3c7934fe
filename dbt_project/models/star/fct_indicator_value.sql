-- Grain: one row per indicator, region (its name where not found), period and document.
select
    reported.indicator_value_key,
    {{ surrogate_key(['reported.indicator_id']) }} as indicator_key,
    coalesce(at_period.region_key, latest.region_key, -1) as region_key,
    reported.region_name,
    reported.period,
    reported.period_end as period_end_date,
    {{ date_key('reported.period_end') }} as period_end_date_key,
    reported.value,
    coalesce(reported.unit, indicators.unit) as unit,
    reported.printed_value,
    reported.is_of_which,
    reported.document_name as source_document,
    reported.reported_date,
    coalesce(deliveries.delivery_key, -1) as delivery_key,
    reported.record_no
from {{ ref('int_indicator_values') }} as reported
inner join {{ ref('int_indicators') }} as indicators on reported.indicator_id = indicators.indicator_id
left join {{ ref('int_region_timeline') }} as at_period
    on
        reported.region_code = at_period.anchor_code
        and reported.period_end >= at_period.anchor_from
        and reported.period_end < at_period.anchor_to
        and reported.period_end >= at_period.valid_from
        and reported.period_end < at_period.valid_to
left join {{ ref('int_regions') }} as latest on reported.region_code = latest.region_code and latest.is_latest
left join {{ ref('int_deliveries') }} as deliveries
    on deliveries.source_id = 'indicator_report' and reported.delivery_sha256 = deliveries.sha256
