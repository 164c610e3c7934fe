-- Grain: one row per measured day and province with samples in the twelve months before it.
with days as (
    select distinct measured_date from {{ ref('int_target_days') }}
    where actual_method like 'pass_rate%'
),

daily as (
    select
        regions.province_code,
        regions.economic_zone,
        inspections.notice_date,
        count(*) as n_samples,
        sum(case inspections.result when 'pass' then 1 else 0 end) as n_pass
    from {{ ref('fct_inspection') }} as inspections
    inner join {{ ref('dim_region') }} as regions on inspections.region_key = regions.region_key
    where {{ is_sampled('inspections.source_id') }} and inspections.is_from_full_notice
    group by regions.province_code, regions.economic_zone, inspections.notice_date
),

provinces as (
    select
        days.measured_date,
        daily.province_code,
        daily.economic_zone,
        sum(daily.n_samples) as n_samples,
        sum(daily.n_pass) as n_pass
    from days
    inner join daily
        on days.measured_date >= daily.notice_date and days.measured_date - interval '1' year < daily.notice_date
    group by days.measured_date, daily.province_code, daily.economic_zone
),

rated as (
    select
        *,
        cast(n_pass as double) / n_samples as pass_rate,
        {{ wilson_low('n_pass', 'n_samples') }} as ci_low,
        {{ wilson_high('n_pass', 'n_samples') }} as ci_high
    from provinces
),

nation as (
    select
        measured_date,
        cast(sum(n_pass) as double) / sum(n_samples) as pass_rate,
        {{ wilson_low('sum(n_pass)', 'sum(n_samples)') }} as ci_low,
        {{ wilson_high('sum(n_pass)', 'sum(n_samples)') }} as ci_high
    from provinces
    group by measured_date
),

-- A province whose interval overlaps may rank above or below.
ranked as (
    select
        rated.measured_date,
        rated.province_code,
        count(*) as n_in_zone,
        1 + sum(case when others.pass_rate > rated.pass_rate then 1 else 0 end) as zone_rank,
        1 + sum(case when others.ci_low > rated.ci_high then 1 else 0 end) as best_rank,
        1
        + sum(
            case when others.ci_high >= rated.ci_low and others.province_code <> rated.province_code then 1 else 0 end
        )
            as worst_rank
    from rated
    inner join rated as others
        on rated.measured_date = others.measured_date and rated.economic_zone = others.economic_zone
    group by rated.measured_date, rated.province_code
)

select
    rated.measured_date,
    rated.province_code,
    rated.n_samples,
    (rated.pass_rate - nation.pass_rate) * 100 as difference,
    -- Newcombe's interval of a difference, from the Wilson bounds of both rates.
    (
        rated.pass_rate
        - nation.pass_rate
        - sqrt(power(rated.pass_rate - rated.ci_low, 2) + power(nation.ci_high - nation.pass_rate, 2))
    )
    * 100 as difference_low,
    (
        rated.pass_rate
        - nation.pass_rate
        + sqrt(power(rated.ci_high - rated.pass_rate, 2) + power(nation.pass_rate - nation.ci_low, 2))
    )
    * 100 as difference_high,
    ranked.n_in_zone,
    ranked.zone_rank,
    ranked.best_rank,
    ranked.worst_rank
from rated
inner join nation on rated.measured_date = nation.measured_date
inner join ranked on rated.measured_date = ranked.measured_date and rated.province_code = ranked.province_code
