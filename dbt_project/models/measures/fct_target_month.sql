-- Grain: one row per policy target and day measured: ends of months of the plan's term, and the as-of date.
with stated as (
    select
        days.policy_target_key,
        days.measured_date,
        reported.indicator_value_key,
        reported.value,
        reported.period,
        reported.period_end_date,
        row_number() over (
            partition by days.policy_target_key, days.measured_date
            order by {{ newest_reported('reported') }}
        ) as recency
    from {{ ref('int_target_days') }} as days
    inner join {{ ref('fct_indicator_value') }} as reported on days.indicator_key = reported.indicator_key
    inner join {{ ref('dim_region') }} as regions
        on reported.region_key = regions.region_key and days.region_code = regions.region_code
    where
        reported.period_end_date between coalesce(days.counted_from, days.plan_from)
        and least(days.measured_date, days.due_date)
        and (reported.unit = days.unit or reported.unit is null)
)

select
    {{ surrogate_key(['days.policy_target_key', 'days.measured_date']) }} as target_month_key,
    days.policy_target_key,
    days.measured_date,
    case
        when days.actual_method = 'pass_rate_vs_nation' then pass_rates.difference
        when days.actual_method = 'pass_rate_rank_in_zone'
            then cast(case when pass_rates.n_in_zone > 1 then pass_rates.zone_rank end as double)
        else counts.n
    end as computed_value,
    case
        when days.actual_method = 'pass_rate_vs_nation' then pass_rates.difference_low
        when days.actual_method = 'pass_rate_rank_in_zone'
            then cast(case when pass_rates.n_in_zone > 1 then pass_rates.best_rank end as double)
    end as computed_low,
    case
        when days.actual_method = 'pass_rate_vs_nation' then pass_rates.difference_high
        when days.actual_method = 'pass_rate_rank_in_zone'
            then cast(case when pass_rates.n_in_zone > 1 then pass_rates.worst_rank end as double)
    end as computed_high,
    counts.n_with_predecessors as succession_value,
    stated.value as reported_value,
    stated.period as reported_period,
    stated.period_end_date as reported_period_end_date,
    coalesce(stated.indicator_value_key, -1) as indicator_value_key
from {{ ref('int_target_days') }} as days
left join {{ ref('int_target_counts') }} as counts
    on days.policy_target_key = counts.policy_target_key and days.measured_date = counts.measured_date
left join {{ ref('int_target_pass_rates') }} as pass_rates
    on
        days.measured_date = pass_rates.measured_date
        and days.region_code = pass_rates.province_code
        and days.actual_method like 'pass_rate%'
left join stated
    on
        days.policy_target_key = stated.policy_target_key
        and days.measured_date = stated.measured_date
        and stated.recency = 1
