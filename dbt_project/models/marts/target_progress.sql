-- Grain: one row per brand plan and indicator, on the as-of date.
with ruled as (
    select
        targets.policy_target_key,
        list_sort(list(rules.rule_id)) as rule_ids
    from {{ ref('fct_policy_target') }} as targets
    inner join {{ ref('dim_indicator') }} as indicators on targets.indicator_key = indicators.indicator_key
    inner join {{ ref('fct_target_actual') }} as actuals on targets.policy_target_key = actuals.policy_target_key
    inner join {{ ref('dim_rule') }} as rules
        on
            (
                rules.rule_kind = 'target_method'
                and (
                    case indicators.measure when 'qualitative' then 'qualitative' else indicators.actual_method end
                    = rules.subject
                    or (actuals.reported_value is not null and rules.subject = 'not_computed')
                )
            )
            or (
                rules.rule_kind = 'target_status'
                and indicators.measure <> 'qualitative'
                and indicators.pace = rules.subject
            )
    group by targets.policy_target_key
)

select
    plans.plan_id,
    indicators.indicator_id,
    targets.name_zh,
    targets.name_en,
    regions.region_code,
    actuals.as_of_date,
    actuals.actual_value,
    targets.target_value,
    targets.unit,
    case
        when targets.comparator = 'between' and actuals.actual_value > targets.target_high_value
            then targets.target_high_value - actuals.actual_value
        when targets.comparator = 'between' and actuals.actual_value >= targets.target_value then 0
        else targets.target_value - actuals.actual_value
    end as gap,
    case
        when targets.target_value > 0 and indicators.measure <> 'rank'
            then actuals.actual_value / targets.target_value * 100
    end as achieved_pct,
    statuses.status,
    {{ target_reason('actuals.reason_code', 'statuses.status', 'statuses.elapsed_share', 'actuals.data_date') }}
        as reason,
    indicators.measure,
    targets.comparator,
    targets.target_high_value,
    targets.due_date,
    actuals.measured_year,
    actuals.computed_value,
    actuals.computed_low,
    actuals.computed_high,
    actuals.succession_value,
    actuals.reported_value,
    actuals.reported_period,
    actuals.data_date,
    case
        when
            statuses.status in ('on_track', 'at_risk')
            and statuses.elapsed_share is not null
            and statuses.required_by > actuals.as_of_date
            then (targets.target_value - actuals.actual_value) * 365.25 / (statuses.required_by - actuals.as_of_date)
    end as needed_per_year,
    forecasts.yearly_change,
    forecasts.forecast_date,
    forecasts.forecast_value,
    forecasts.forecast_low,
    forecasts.forecast_high,
    forecasts.forecast_model,
    forecasts.forecast_reason_code,
    targets.policy_target_key,
    actuals.indicator_value_key,
    targets.source_quote,
    ruled.rule_ids,
    actuals.evidence_table,
    actuals.evidence_keys
from {{ ref('fct_policy_target') }} as targets
inner join {{ ref('dim_policy_plan') }} as plans on targets.plan_key = plans.plan_key
inner join {{ ref('dim_indicator') }} as indicators on targets.indicator_key = indicators.indicator_key
inner join {{ ref('dim_region') }} as regions on targets.region_key = regions.region_key
inner join {{ ref('fct_target_actual') }} as actuals on targets.policy_target_key = actuals.policy_target_key
inner join {{ ref('int_target_status') }} as statuses on targets.policy_target_key = statuses.policy_target_key
inner join ruled on targets.policy_target_key = ruled.policy_target_key
left join {{ ref('fct_target_forecast') }} as forecasts on targets.policy_target_key = forecasts.policy_target_key
