-- Grain: one row per brand plan, indicator and day measured: each month's end of the plan's term, and the as-of date.
with shown as (
    select *
    from {{ ref('fct_target_month') }}
    where computed_value is not null or reported_value is not null
),

ruled as (
    select
        shown.policy_target_key,
        shown.measured_date,
        list_sort(list(rules.rule_id)) as rule_ids
    from shown
    inner join {{ ref('fct_policy_target') }} as targets on shown.policy_target_key = targets.policy_target_key
    inner join {{ ref('dim_indicator') }} as indicators on targets.indicator_key = indicators.indicator_key
    inner join {{ ref('dim_rule') }} as rules
        on
            rules.rule_kind = 'target_method'
            and (
                (shown.computed_value is not null and indicators.actual_method = rules.subject)
                or (shown.reported_value is not null and rules.subject = 'not_computed')
            )
    group by shown.policy_target_key, shown.measured_date
)

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
    months.indicator_value_key,
    ruled.rule_ids,
    case when months.computed_value is null then 'fct_indicator_value' else 'fct_target_month' end as evidence_table,
    [case when months.computed_value is null then months.indicator_value_key else months.target_month_key end]
        as evidence_keys
from shown as months
inner join ruled
    on months.policy_target_key = ruled.policy_target_key and months.measured_date = ruled.measured_date
inner join {{ ref('fct_policy_target') }} as targets on months.policy_target_key = targets.policy_target_key
inner join {{ ref('dim_policy_plan') }} as plans on targets.plan_key = plans.plan_key
inner join {{ ref('dim_indicator') }} as indicators on targets.indicator_key = indicators.indicator_key
inner join {{ ref('dim_region') }} as regions on targets.region_key = regions.region_key
