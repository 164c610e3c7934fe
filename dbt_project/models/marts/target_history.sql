-- Grain: one row per brand plan, indicator and day measured: each month's end of the plan's term, and the as-of date.
select
    plans.plan_id,
    indicators.indicator_id,
    targets.name_zh,
    targets.name_en,
    regions.region_code,
    months.measured_date,
    targets.target_value,
    targets.unit,
    months.computed_value,
    months.reported_value,
    months.reported_period,
    months.succession_value,
    months.policy_target_key,
    months.indicator_value_key
from {{ ref('fct_target_month') }} as months
inner join {{ ref('fct_policy_target') }} as targets on months.policy_target_key = targets.policy_target_key
inner join {{ ref('dim_policy_plan') }} as plans on targets.plan_key = plans.plan_key
inner join {{ ref('dim_indicator') }} as indicators on targets.indicator_key = indicators.indicator_key
inner join {{ ref('dim_region') }} as regions on targets.region_key = regions.region_key
where months.computed_value is not null or months.reported_value is not null
