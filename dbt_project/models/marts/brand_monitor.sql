-- Grain: one row per region (nation, province, city, county), industry (section, division, group, class), recognition
-- scheme and month.
with cells as (
    select
        movements.region_key,
        movements.industry_key,
        schemes.scheme_id,
        movements.moved_month as period,
        sum(case movements.movement when 'gained' then 1 else 0 end) as n_gained,
        sum(case movements.movement when 'lost' then 1 else 0 end) as n_lost
    from {{ ref('fct_recognition_movement') }} as movements
    inner join {{ ref('dim_recognition_scheme') }} as schemes on movements.scheme_key = schemes.scheme_key
    group by movements.region_key, movements.industry_key, schemes.scheme_id, movements.moved_month
),

by_industry as (
    {{ industry_rollup('cells') | indent(4) }}
),

rolled as (
    {{ region_rollup('by_industry') | indent(4) }}
),

series as (
    select
        region_code,
        region_level,
        industry_code,
        industry_level,
        scheme_id,
        -- Held since a day that no document states: there from the start, shown for the last two years at least.
        sum(case when period is null then n_gained else 0 end) as n_opening,
        coalesce(min(period), left(cast(cast({{ as_of() }} - interval '24' month as date) as varchar), 7))
            as first_period
    from rolled
    group by region_code, region_level, industry_code, industry_level, scheme_id
),

months as (
    select distinct period
    from {{ ref('dim_date') }}
    where calendar_date <= {{ as_of() }}
),

movements as (
    select
        region_code,
        industry_code,
        scheme_id,
        period,
        sum(n_gained) as n_gained,
        sum(n_lost) as n_lost
    from rolled
    where period is not null
    group by region_code, industry_code, scheme_id, period
),

held_by_month as (
    select
        series.region_code,
        series.region_level,
        series.industry_code,
        series.industry_level,
        series.scheme_id,
        series.n_opening,
        months.period,
        cast(series.n_opening + sum(coalesce(movements.n_gained, 0) - coalesce(movements.n_lost, 0)) over (
            partition by series.region_code, series.industry_code, series.scheme_id
            order by months.period
            rows between unbounded preceding and current row
        ) as bigint) as n_held,
        cast(coalesce(movements.n_gained, 0) as bigint) as n_gained,
        cast(coalesce(movements.n_lost, 0) as bigint) as n_lost
    from series
    inner join months on series.first_period <= months.period
    left join movements
        on
            series.region_code = movements.region_code
            and series.industry_code = movements.industry_code
            and series.scheme_id = movements.scheme_id
            and months.period = movements.period
),

brand_types as (
    select
        schemes.scheme_id,
        min(rules.subject) as brand_type
    from {{ ref('dim_rule') }} as rules
    inner join {{ ref('bridge_rule_scheme') }} as covered on rules.rule_key = covered.rule_key
    inner join {{ ref('dim_recognition_scheme') }} as schemes on covered.scheme_key = schemes.scheme_key
    where rules.rule_kind = 'brand_type'
    group by schemes.scheme_id
)

select
    held_by_month.region_code,
    held_by_month.industry_code,
    held_by_month.scheme_id,
    held_by_month.period,
    held_by_month.n_held,
    held_by_month.n_gained,
    held_by_month.n_lost,
    held_by_month.region_level,
    held_by_month.industry_level,
    held_by_month.n_gained - held_by_month.n_lost as n_change_month,
    -- What a series held before its first month is what it opened with.
    cast(held_by_month.n_held - lag(held_by_month.n_held, 12, held_by_month.n_opening) over (
        partition by held_by_month.region_code, held_by_month.industry_code, held_by_month.scheme_id
        order by held_by_month.period
    ) as bigint) as n_change_year,
    brand_types.brand_type
from held_by_month
left join brand_types on held_by_month.scheme_id = brand_types.scheme_id
