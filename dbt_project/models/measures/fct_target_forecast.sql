-- Grain: one row per policy target that is not yet due, with the value to which its past changes lead by the due date.
with targets as (
    select distinct
        days.policy_target_key,
        days.measure,
        case
            when days.measure = 'annual_flow'
                then least(days.due_date, make_date(cast(extract(year from days.measured_date) as bigint), 12, 31))
            else days.due_date
        end as forecast_date,
        actuals.reason_code,
        indicators.forecast_model,
        models.window_months,
        models.min_steps,
        models.interval_z
    from {{ ref('int_target_days') }} as days
    inner join {{ ref('fct_target_actual') }} as actuals
        on days.policy_target_key = actuals.policy_target_key and days.measured_date = actuals.as_of_date
    inner join {{ ref('dim_indicator') }} as indicators on days.indicator_key = indicators.indicator_key
    left join {{ ref('forecast_models') }} as models on indicators.forecast_model = models.forecast_model
    where days.due_date > {{ as_of() }}
),

-- Values as measured on days, or as reported for periods.
points as (
    select
        targets.policy_target_key,
        targets.measure,
        months.measured_date as point_date,
        months.computed_value as value
    from targets
    inner join {{ ref('fct_target_month') }} as months on targets.policy_target_key = months.policy_target_key
    where
        targets.reason_code = 'computed'
        and months.computed_value is not null
        and months.measured_date >= {{ as_of() }} - targets.window_months * interval '1' month
    union all
    select distinct
        targets.policy_target_key,
        targets.measure,
        months.reported_period_end_date as point_date,
        months.reported_value as value
    from targets
    inner join {{ ref('fct_target_month') }} as months on targets.policy_target_key = months.policy_target_key
    where targets.reason_code = 'reported' and months.reported_value is not null
),

steps as (
    select
        policy_target_key,
        point_date,
        value,
        (point_date - lag(point_date) over by_date) / 30.436875 as months,
        case
            -- An annual measure starts at zero each year.
            when
                measure = 'annual_flow'
                and extract(year from point_date) > extract(year from lag(point_date) over by_date)
                then value
            else value - lag(value) over by_date
        end as change
    from points
    window by_date as (partition by policy_target_key order by point_date)
),

drifts as (
    select
        policy_target_key,
        count(change) as n_steps,
        sum(change) / sum(months) as monthly_drift,
        sum(months) as n_months,
        max(point_date) as last_date,
        max_by(value, point_date) as last_value
    from steps
    group by policy_target_key
),

spreads as (
    select
        steps.policy_target_key,
        sum(power(steps.change - drifts.monthly_drift * steps.months, 2) / steps.months)
        / (drifts.n_steps - 1) as monthly_variance
    from steps
    inner join drifts on steps.policy_target_key = drifts.policy_target_key
    where steps.change is not null and drifts.n_steps > 1
    group by steps.policy_target_key, drifts.n_steps
),

ahead as (
    select
        targets.*,
        drifts.n_steps,
        drifts.monthly_drift,
        (targets.forecast_date - drifts.last_date) / 30.436875 as months_ahead,
        drifts.last_value + drifts.monthly_drift * months_ahead as expected_value,
        -- The variance of the months ahead and of the drift itself, which is estimated from n_months.
        targets.interval_z
        * sqrt(spreads.monthly_variance * months_ahead * (1 + months_ahead / drifts.n_months)) as half_width,
        case
            when targets.forecast_model = 'none' then 'no_model'
            when targets.reason_code not in ('computed', 'reported') then 'no_value'
            when coalesce(drifts.n_steps, 0) < targets.min_steps then 'too_few_values'
            else 'forecast'
        end as forecast_reason_code
    from targets
    left join drifts on targets.policy_target_key = drifts.policy_target_key
    left join spreads on targets.policy_target_key = spreads.policy_target_key
)

select
    policy_target_key,
    forecast_model,
    forecast_date,
    forecast_reason_code,
    cast(n_steps as integer) as n_steps,
    case when forecast_reason_code = 'forecast' then monthly_drift * 12 end as yearly_change,
    case when forecast_reason_code = 'forecast' then expected_value end as forecast_value,
    case when forecast_reason_code = 'forecast' then expected_value - half_width end as forecast_low,
    case when forecast_reason_code = 'forecast' then expected_value + half_width end as forecast_high
from ahead
