-- Grain: one row per policy target, with the value reached on the as-of date.
with targets as (
    select
        targets.policy_target_key,
        targets.indicator_key,
        targets.due_date,
        targets.unit,
        plans.valid_from,
        regions.region_code,
        regions.level as region_level,
        regions.economic_zone,
        indicators.measure,
        indicators.actual_method,
        indicators.office_code,
        extract(year from least({{ as_of() }}, targets.due_date)) as measured_year
    from {{ ref('fct_policy_target') }} as targets
    inner join {{ ref('dim_indicator') }} as indicators on targets.indicator_key = indicators.indicator_key
    inner join {{ ref('dim_region') }} as regions on targets.region_key = regions.region_key
    inner join {{ ref('dim_policy_plan') }} as plans on targets.plan_key = plans.plan_key
),

recognitions as (
    select
        targets.policy_target_key,
        sum(case when recognitions.state in ('held', 'conditional') then 1 else 0 end) as n_held,
        sum(case when recognitions.is_granted or recognitions.state in ('held', 'conditional') then 1 else 0 end)
            as n_granted,
        sum(
            case
                when
                    recognitions.is_granted
                    and left(recognitions.granted_month, 4) = cast(targets.measured_year as varchar)
                    then 1
                else 0
            end
        ) as n_granted_in_year
    from targets
    inner join {{ ref('bridge_indicator_scheme') }} as counted on targets.indicator_key = counted.indicator_key
    inner join {{ ref('fct_recognition') }} as recognitions on counted.scheme_key = recognitions.scheme_key
    inner join {{ ref('dim_region') }} as regions on recognitions.region_key = regions.region_key
    where {{ region_within('regions', 'targets.region_code', 'targets.region_level') }}
    group by targets.policy_target_key
),

marks as (
    select
        targets.policy_target_key,
        sum(case when {{ region_within('regions', 'targets.region_code', 'targets.region_level') }} then 1 else 0 end)
            as n_live
    from targets
    inner join {{ ref('dim_trademark') }} as marks on targets.office_code = marks.office_code
    inner join {{ ref('dim_enterprise') }} as owners on marks.owner_enterprise_key = owners.enterprise_key
    inner join {{ ref('dim_region') }} as regions on owners.region_key = regions.region_key
    where marks.is_current and marks.status_group = 'live' and targets.actual_method = 'live_marks'
    group by targets.policy_target_key
),

-- A place whose notices list failing samples only has no pass rate.
provinces as (
    select
        regions.province_code,
        regions.economic_zone,
        count(*) as n_samples,
        sum(case inspections.result when 'pass' then 1 else 0 end) as n_pass
    from {{ ref('fct_inspection') }} as inspections
    inner join {{ ref('dim_region') }} as regions on inspections.region_key = regions.region_key
    where
        {{ is_sampled('inspections.source_id') }}
        and inspections.notice_date > {{ as_of() }} - interval '1' year
        and inspections.notice_date <= {{ as_of() }}
    group by regions.province_code, regions.economic_zone
),

nation as (
    select cast(sum(n_pass) as double) / sum(n_samples) as pass_rate from provinces
    having sum(n_pass) > 0
),

ranked as (
    select
        province_code,
        cast(n_pass as double) / n_samples as pass_rate,
        rank() over (partition by economic_zone order by cast(n_pass as double) / n_samples desc) as zone_rank,
        count(*) over (partition by economic_zone) as n_in_zone
    from provinces
    where n_pass > 0 and province_code is not null
),

-- What an office reported for the region itself within the plan's term; the latest period, then the latest report.
reported as (
    select
        targets.policy_target_key,
        reported.value,
        row_number() over (
            partition by targets.policy_target_key
            order by
                reported.period_end_date desc,
                coalesce(reported.reported_date, cast('0001-01-01' as date)) desc,
                reported.indicator_value_key asc
        ) as recency
    from targets
    inner join {{ ref('fct_indicator_value') }} as reported on targets.indicator_key = reported.indicator_key
    inner join {{ ref('dim_region') }} as regions
        on reported.region_key = regions.region_key and targets.region_code = regions.region_code
    where
        reported.period_end_date between targets.valid_from and least({{ as_of() }}, targets.due_date)
        and (reported.unit = targets.unit or reported.unit is null)
),

computed as (
    select
        targets.*,
        case targets.actual_method
            when 'recognitions_held' then cast(recognitions.n_held as double)
            when 'recognitions_granted' then cast(recognitions.n_granted as double)
            when 'recognitions_granted_in_year' then cast(recognitions.n_granted_in_year as double)
            when 'live_marks' then cast(marks.n_live as double)
            when 'pass_rate_vs_nation' then (ranked.pass_rate - nation.pass_rate) * 100
            when 'pass_rate_rank_in_zone' then cast(case when ranked.n_in_zone > 1 then ranked.zone_rank end as double)
        end as computed_value
    from targets
    left join recognitions on targets.policy_target_key = recognitions.policy_target_key
    left join marks on targets.policy_target_key = marks.policy_target_key
    left join ranked on targets.region_code = ranked.province_code
    left join nation on true
),

measured as (
    select
        computed.*,
        coalesce(computed.computed_value, reported.value) as actual_value
    from computed
    left join reported on computed.policy_target_key = reported.policy_target_key and reported.recency = 1
)

select
    policy_target_key,
    {{ as_of() }} as as_of_date,
    actual_value,
    cast(measured_year as integer) as measured_year,
    case
        when computed_value is not null then 'computed'
        when actual_value is not null then 'reported'
        when measure = 'qualitative' then 'qualitative'
        when actual_method like 'recognitions%' then 'no_decision'
        when actual_method like 'pass_rate%' then 'no_samples'
        when actual_method = 'live_marks' then 'no_register'
        else 'not_reported'
    end as reason_code
from measured
