-- Grain: one row per brand plan and indicator, on the as-of date.
with targets as (
    select
        plans.plan_id,
        plans.valid_from as plan_from,
        indicators.indicator_id,
        indicators.measure,
        indicators.actual_method,
        indicators.pace,
        indicators.on_track_min_share,
        regions.region_code,
        targets.*,
        actuals.as_of_date,
        actuals.actual_value,
        actuals.measured_year,
        actuals.reason_code,
        actuals.computed_value,
        actuals.computed_low,
        actuals.computed_high,
        actuals.succession_value,
        actuals.reported_value,
        actuals.reported_period,
        actuals.indicator_value_key,
        actuals.data_date,
        actuals.evidence_table,
        actuals.evidence_keys,
        forecasts.forecast_model,
        forecasts.forecast_date,
        forecasts.forecast_reason_code,
        forecasts.yearly_change,
        forecasts.forecast_value,
        forecasts.forecast_low,
        forecasts.forecast_high,
        case
            when actuals.actual_value is null then null
            when targets.comparator = '>' then actuals.actual_value > targets.target_value
            when targets.comparator = '=' then actuals.actual_value = targets.target_value
            -- More than the upper figure of a range is not a failure.
            else actuals.actual_value >= targets.target_value
        end as is_reached,
        -- Share of the way that should lie behind on the as-of date, on a straight path.
        case indicators.pace
            when 'plan'
                then cast(actuals.as_of_date - plans.valid_from as double) / (targets.due_date - plans.valid_from)
            when 'year' then cast(extract(doy from actuals.as_of_date) as double) / 365
        end as elapsed_share,
        case when indicators.measure = 'annual_flow' then forecasts.forecast_date else targets.due_date end as path_to
    from {{ ref('fct_policy_target') }} as targets
    inner join {{ ref('dim_policy_plan') }} as plans on targets.plan_key = plans.plan_key
    inner join {{ ref('dim_indicator') }} as indicators on targets.indicator_key = indicators.indicator_key
    inner join {{ ref('dim_region') }} as regions on targets.region_key = regions.region_key
    inner join {{ ref('fct_target_actual') }} as actuals on targets.policy_target_key = actuals.policy_target_key
    left join {{ ref('fct_target_forecast') }} as forecasts on targets.policy_target_key = forecasts.policy_target_key
),

ruled as (
    select
        targets.policy_target_key,
        list_sort(list(rules.rule_id)) as rule_ids
    from targets
    inner join {{ ref('dim_rule') }} as rules
        on
            (
                rules.rule_kind = 'target_method'
                and (
                    case targets.measure when 'qualitative' then 'qualitative' else targets.actual_method end
                    = rules.subject
                    or (targets.reported_value is not null and rules.subject = 'not_computed')
                )
            )
            or (
                rules.rule_kind = 'target_status'
                and targets.measure <> 'qualitative'
                and targets.pace = rules.subject
            )
    group by targets.policy_target_key
),

with_rules as (
    select
        targets.*,
        ruled.rule_ids
    from targets
    inner join ruled on targets.policy_target_key = ruled.policy_target_key
),

judged as (
    select
        *,
        case
            when actual_value is null then 'unknown'
            when is_reached then 'met'
            when as_of_date > due_date then 'missed'
            when elapsed_share is not null
                then
                    case
                        when
                            actual_value >= target_value * least(elapsed_share, 1.0) * on_track_min_share
                            then 'on_track'
                        else 'at_risk'
                    end
            when forecast_value > target_value or (forecast_value = target_value and comparator <> '>') then 'on_track'
            else 'at_risk'
        end as status
    from with_rules
)

select
    plan_id,
    indicator_id,
    name_zh,
    name_en,
    region_code,
    as_of_date,
    actual_value,
    target_value,
    unit,
    case
        when comparator = 'between' and actual_value > target_high_value then target_high_value - actual_value
        when comparator = 'between' and actual_value >= target_value then 0
        else target_value - actual_value
    end as gap,
    case when target_value > 0 and measure <> 'rank' then actual_value / target_value * 100 end as achieved_pct,
    status,
    {{ target_reason() }} as reason,
    measure,
    comparator,
    target_high_value,
    due_date,
    measured_year,
    computed_value,
    computed_low,
    computed_high,
    succession_value,
    reported_value,
    reported_period,
    data_date,
    case
        when status in ('on_track', 'at_risk') and elapsed_share is not null and path_to > as_of_date
            then (target_value - actual_value) * 365.25 / (path_to - as_of_date)
    end as needed_per_year,
    yearly_change,
    forecast_date,
    forecast_value,
    forecast_low,
    forecast_high,
    forecast_model,
    forecast_reason_code,
    policy_target_key,
    indicator_value_key,
    source_quote,
    rule_ids,
    evidence_table,
    evidence_keys
from judged
