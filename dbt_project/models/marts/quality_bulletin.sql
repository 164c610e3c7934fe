-- Grain: one row per region (nation, province, city, county), product category and month with samples.
with cells as (
    select
        inspections.region_key,
        categories.category_name,
        coalesce(left(cast(inspections.notice_date as varchar), 7), 'unknown') as period,
        count(*) as n_samples,
        sum(case inspections.result when 'fail' then 1 else 0 end) as n_fail
    from {{ ref('fct_inspection') }} as inspections
    inner join {{ ref('dim_product_category') }} as categories
        on inspections.product_category_key = categories.product_category_key
    -- Border alerts and recalls have no passing samples, so no pass rate.
    where {{ is_sampled('inspections.source_id') }}
    group by
        inspections.region_key,
        categories.category_name,
        coalesce(left(cast(inspections.notice_date as varchar), 7), 'unknown')
),

rolled as (
    {{ region_rollup('cells') | indent(4) }}
),

summed as (
    select
        region_code,
        region_level,
        category_name,
        period,
        sum(n_samples) as n_samples,
        sum(n_fail) as n_fail
    from rolled
    group by region_code, region_level, category_name, period
)

select
    region_code,
    category_name,
    period,
    cast(n_samples as bigint) as n_samples,
    cast(n_fail as bigint) as n_fail,
    1 - cast(n_fail as double) / n_samples as pass_rate,
    {{ wilson_low('(n_samples - n_fail)', 'n_samples') }} as ci_low,
    {{ wilson_high('(n_samples - n_fail)', 'n_samples') }} as ci_high,
    region_level,
    n_fail < n_samples as has_passing_samples
from summed
