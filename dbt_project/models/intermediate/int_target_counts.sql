-- Grain: one row per policy target and measured day for which a recognition or mark counts, or counted before.
with targets as (
    select distinct
        policy_target_key,
        indicator_key,
        actual_method,
        office_code,
        region_code,
        region_level
    from {{ ref('int_target_days') }}
),

-- An award counts from the first day on which it was held, and as held until it ends.
held as (
    select
        recognition_key,
        valid_from,
        valid_to,
        row_number() over (partition by recognition_key order by valid_from) as nth
    from {{ ref('fct_recognition_state') }}
    where state in ('held', 'conditional')
),

live as (
    select
        targets.policy_target_key,
        marks.live_from,
        marks.live_to,
        case when targets.actual_method = 'international_marks' then marks.registration end as registration
    from targets
    inner join {{ ref('int_valid_mark_periods') }} as marks
        on
            (targets.actual_method = 'live_marks' and targets.office_code = marks.office_code)
            or (targets.actual_method = 'international_marks' and marks.office_code not in ('CN', 'unknown'))
    inner join {{ ref('dim_region') }} as regions on marks.region_key = regions.region_key
    where {{ region_within('regions', 'targets.region_code', 'targets.region_level') }}
),

steps as (
    select 1 as step
    union all
    select -1 as step
),

-- One international registration stands in the registers of several offices, and counts while it is valid in any: each
-- of its periods counts from where those before it end.
disjoint as (
    select
        policy_target_key,
        greatest(
            live_from,
            coalesce(
                max(live_to) over (
                    partition by policy_target_key, registration
                    order by live_from, live_to
                    rows between unbounded preceding and 1 preceding
                ),
                live_from
            )
        ) as live_from,
        live_to
    from live
    where registration is not null
),

periods as (
    select
        policy_target_key,
        live_from,
        live_to
    from live
    where registration is null
    union all
    select * from disjoint
    where live_from < live_to
),

changes as (
    select
        targets.policy_target_key,
        counted.definition,
        case when steps.step = 1 then held.valid_from else held.valid_to end as day,
        sum(steps.step) as n
    from targets
    inner join {{ ref('bridge_indicator_scheme') }} as counted on targets.indicator_key = counted.indicator_key
    inner join {{ ref('fct_recognition') }} as recognitions on counted.scheme_key = recognitions.scheme_key
    inner join {{ ref('dim_region') }} as regions on recognitions.region_key = regions.region_key
    inner join held on recognitions.recognition_key = held.recognition_key
    inner join steps on targets.actual_method = 'recognitions_held' or (steps.step = 1 and held.nth = 1)
    where
        targets.actual_method like 'recognitions%'
        and {{ region_within('regions', 'targets.region_code', 'targets.region_level') }}
    group by targets.policy_target_key, counted.definition, day
    union all
    select
        periods.policy_target_key,
        'own' as definition,
        case when steps.step = 1 then periods.live_from else periods.live_to end as day,
        sum(steps.step) as n
    from periods
    cross join steps
    group by periods.policy_target_key, day
)

select
    days.policy_target_key,
    days.measured_date,
    cast(sum(
        case
            when
                changes.definition = 'own' and changes.day >= coalesce(days.counted_from, changes.day)
                then changes.n
            else 0
        end
    ) as double) as n,
    cast(sum(case when changes.day >= coalesce(days.counted_from, changes.day) then changes.n else 0 end) as double)
        as n_with_predecessors
from {{ ref('int_target_days') }} as days
inner join changes on days.policy_target_key = changes.policy_target_key and days.counted_to >= changes.day
group by days.policy_target_key, days.measured_date
