-- Grain: one row per region (nation, province, city, county), product category and month with samples.
with samples as (
    select
        inspections.inspection_key,
        inspections.region_key,
        categories.category_name,
        coalesce(left(cast(inspections.notice_date as varchar), 7), 'unknown') as period,
        inspections.result,
        inspections.is_from_full_notice,
        sampling.variant as sampling_basis,
        sampling.rule_id as sampling_rule_id
    from {{ ref('fct_inspection') }} as inspections
    inner join {{ ref('dim_product_category') }} as categories
        on inspections.product_category_key = categories.product_category_key
    left join {{ ref('dim_rule') }} as sampling
        on sampling.rule_kind = 'sampling' and inspections.source_id = sampling.subject
    -- Border alerts and recalls have no passing samples, so no pass rate.
    where {{ is_sampled('inspections.source_id') }}
),

cells as (
    select
        region_key,
        category_name,
        period,
        min(sampling_basis) as sampling_basis,
        list(distinct sampling_rule_id) filter (where sampling_rule_id is not null) as sampling_rule_ids,
        -- A list of failing samples only does not show how many passed.
        sum(case when is_from_full_notice then 1 else 0 end) as n_samples,
        sum(case when is_from_full_notice and result = 'fail' then 1 else 0 end) as n_fail,
        sum(case when is_from_full_notice then 0 else 1 end) as n_fail_only,
        list_sort(list(inspection_key) filter (where result = 'fail')) as failing_keys
    from samples
    group by region_key, category_name, period
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
        min(sampling_basis) as sampling_basis,
        flatten(list(sampling_rule_ids) filter (where sampling_rule_ids is not null)) as sampling_rule_ids,
        sum(n_samples) as n_samples,
        sum(n_fail) as n_fail,
        sum(n_fail_only) as n_fail_only,
        list_sort(flatten(list(failing_keys) filter (where failing_keys is not null))) as failing_keys
    from rolled
    group by region_code, region_level, category_name, period
)

select
    summed.region_code,
    summed.category_name,
    summed.period,
    cast(summed.n_samples as bigint) as n_samples,
    cast(summed.n_fail as bigint) as n_fail,
    1 - cast(summed.n_fail as double) / nullif(summed.n_samples, 0) as pass_rate,
    {{ wilson_low('(summed.n_samples - summed.n_fail)', 'summed.n_samples') }} as ci_low,
    {{ wilson_high('(summed.n_samples - summed.n_fail)', 'summed.n_samples') }} as ci_high,
    summed.region_level,
    summed.n_samples > summed.n_fail as has_passing_samples,
    cast(summed.n_fail_only as bigint) as n_fail_only,
    summed.n_samples < small_cells.value as is_small_cell,
    summed.sampling_basis,
    list_sort(
        list_distinct(
            list_concat([rates.rule_id, small_cells.rule_id], coalesce(summed.sampling_rule_ids, []))
        )
    ) as rule_ids,
    coalesce(summed.failing_keys, []) as inspection_evidence_keys
from summed
inner join {{ ref('dim_rule') }} as rates on rates.rule_kind = 'bulletin'
inner join {{ ref('dim_rule') }} as small_cells on small_cells.rule_kind = 'small_cell'
