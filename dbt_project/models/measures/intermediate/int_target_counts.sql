-- Grain: one row per policy target and measured day for which a recognition or mark counts, or counted before.
with targets as (
    select distinct
        policy_target_key,
        actual_method,
        office_code,
        region_code,
        region_level
    from {{ ref('int_target_days') }}
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

-- An international registration can be in the registers of several offices and counts while it is valid in any of them:
-- each of its periods counts from the end of the earlier ones.
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
        counted.policy_target_key,
        counted.definition,
        case when steps.step = 1 then counted.counts_from else counted.counts_to end as day,
        sum(steps.step) as n
    from {{ ref('bridge_target_recognition') }} as counted
    cross join steps
    group by counted.policy_target_key, counted.definition, day
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
