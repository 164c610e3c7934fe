-- Grain: one row per policy target and day on which it is measured.
-- The days are the ends of the months from the plan's start to the due date, and the as-of date.
with days as (
    select last_day(calendar_date) as measured_date
    from {{ ref('dim_date') }}
    where day = 1 and last_day(calendar_date) < {{ as_of() }}
    union all
    select {{ as_of() }} as measured_date
)

select
    targets.policy_target_key,
    targets.indicator_key,
    targets.unit,
    days.measured_date,
    plans.valid_from as plan_from,
    targets.due_date,
    -- Measures that count from a start day do not count beyond the due date.
    case
        when indicators.measure in ('cumulative', 'annual_flow') then least(days.measured_date, targets.due_date)
        else days.measured_date
    end as counted_to,
    case indicators.measure
        when 'cumulative' then plans.valid_from
        when 'annual_flow'
            then make_date(cast(extract(year from least(days.measured_date, targets.due_date)) as bigint), 1, 1)
    end as counted_from,
    indicators.measure,
    indicators.actual_method,
    indicators.office_code,
    indicators.stale_after_days,
    regions.region_code,
    regions.level as region_level
from {{ ref('fct_policy_target') }} as targets
inner join {{ ref('dim_indicator') }} as indicators on targets.indicator_key = indicators.indicator_key
inner join {{ ref('dim_region') }} as regions on targets.region_key = regions.region_key
inner join {{ ref('dim_policy_plan') }} as plans on targets.plan_key = plans.plan_key
inner join days
    on
        days.measured_date = {{ as_of() }}
        or (plans.valid_from <= days.measured_date and targets.due_date >= days.measured_date)
