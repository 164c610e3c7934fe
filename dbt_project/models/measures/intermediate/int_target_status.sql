-- Grain: one row per policy target, with its status on the as-of date.
with judged as (
    select
        targets.policy_target_key,
        targets.comparator,
        targets.target_value,
        targets.due_date,
        indicators.on_track_min_share,
        actuals.as_of_date,
        actuals.actual_value,
        forecasts.forecast_value,
        case targets.comparator
            when '>' then actuals.actual_value > targets.target_value
            when '=' then actuals.actual_value = targets.target_value
            -- A value above the upper figure of a range meets the target.
            else actuals.actual_value >= targets.target_value
        end as is_met,
        -- Share of the target that an even pace would have reached by the as-of date.
        case indicators.pace
            when 'plan'
                then cast(actuals.as_of_date - plans.valid_from as double) / (targets.due_date - plans.valid_from)
            when 'year' then cast(extract(doy from actuals.as_of_date) as double) / 365
        end as elapsed_share,
        -- An annual measure has time until the end of the year.
        case when indicators.measure = 'annual_flow' then forecasts.forecast_date else targets.due_date end
            as required_by
    from {{ ref('fct_policy_target') }} as targets
    inner join {{ ref('dim_policy_plan') }} as plans on targets.plan_key = plans.plan_key
    inner join {{ ref('dim_indicator') }} as indicators on targets.indicator_key = indicators.indicator_key
    inner join {{ ref('fct_target_actual') }} as actuals on targets.policy_target_key = actuals.policy_target_key
    left join {{ ref('fct_target_forecast') }} as forecasts on targets.policy_target_key = forecasts.policy_target_key
)

select
    policy_target_key,
    elapsed_share,
    required_by,
    case
        when actual_value is null then 'unknown'
        when is_met then 'met'
        when as_of_date > due_date then 'missed'
        when
            elapsed_share is not null
            and actual_value >= target_value * least(elapsed_share, 1.0) * on_track_min_share
            then 'on_track'
        when elapsed_share is not null then 'at_risk'
        when forecast_value > target_value or (forecast_value = target_value and comparator <> '>') then 'on_track'
        else 'at_risk'
    end as status
from judged
