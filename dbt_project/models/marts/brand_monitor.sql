-- Grain: one row per region (nation, province, city, county), industry (section, division, group, class), recognition
-- scheme and month.
with cells as (
    select
        movements.region_key,
        movements.industry_key,
        schemes.scheme_id,
        movements.moved_month as period,
        sum(case movements.movement when 'gained' then 1 else 0 end) as n_gained,
        sum(case movements.movement when 'lost' then 1 else 0 end) as n_lost,
        coalesce(list(movements.recognition_key) filter (where movements.movement = 'gained'), []) as gained_keys,
        coalesce(list(movements.recognition_key) filter (where movements.movement = 'lost'), []) as lost_keys
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
        row_number() over (order by region_code, industry_code, scheme_id) as series_no,
        region_code,
        region_level,
        industry_code,
        industry_level,
        scheme_id,
        -- Undated grants are held from the start of a series; a series of undated grants only starts two years ago.
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

-- The keys of recognitions held from the start are in the first month, so that the keys alone show what is held.
movements as (
    select
        series.series_no,
        coalesce(rolled.period, series.first_period) as period,
        sum(case when rolled.period is null then 0 else rolled.n_gained end) as n_gained,
        sum(rolled.n_lost) as n_lost,
        list_sort(flatten(list(rolled.gained_keys))) as gained_keys,
        list_sort(flatten(list(rolled.lost_keys))) as lost_keys
    from rolled
    inner join series
        on
            rolled.region_code = series.region_code
            and rolled.industry_code = series.industry_code
            and rolled.scheme_id = series.scheme_id
    group by series.series_no, coalesce(rolled.period, series.first_period)
),

held_by_month as (
    select
        series.series_no,
        series.n_opening,
        months.period,
        cast(series.n_opening + sum(coalesce(movements.n_gained, 0) - coalesce(movements.n_lost, 0)) over (
            partition by series.series_no
            order by months.period
            rows between unbounded preceding and current row
        ) as bigint) as n_held,
        cast(coalesce(movements.n_gained, 0) as bigint) as n_gained,
        cast(coalesce(movements.n_lost, 0) as bigint) as n_lost
    from series
    inner join months on series.first_period <= months.period
    left join movements on series.series_no = movements.series_no and months.period = movements.period
),

changed as (
    select
        series_no,
        period,
        n_held,
        n_gained,
        n_lost,
        -- Before its first month, a series held what it opened with.
        cast(n_held - lag(n_held, 12, n_opening) over (
            partition by series_no
            order by period
        ) as bigint) as n_change_year
    from held_by_month
)

select
    series.region_code,
    series.industry_code,
    series.scheme_id,
    changed.period,
    changed.n_held,
    changed.n_gained,
    changed.n_lost,
    series.region_level,
    series.industry_level,
    changed.n_gained - changed.n_lost as n_change_month,
    changed.n_change_year,
    brand_types.brand_type,
    case
        when brand_types.rule_id is null then [counting.rule_id] else [brand_types.rule_id, counting.rule_id]
    end as rule_ids,
    coalesce(movements.gained_keys, []) as evidence_keys,
    coalesce(movements.lost_keys, []) as lost_evidence_keys
from changed
inner join series on changed.series_no = series.series_no
inner join {{ ref('dim_rule') }} as counting on counting.rule_kind = 'monitor'
left join movements on changed.series_no = movements.series_no and changed.period = movements.period
left join {{ ref('int_scheme_brand_types') }} as brand_types on series.scheme_id = brand_types.scheme_id
