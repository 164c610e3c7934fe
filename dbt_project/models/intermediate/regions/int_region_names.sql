-- Grain: one row per scope (a province, or CN for the country), level, city and name that texts use for a region.
with regions as (
    select
        *,
        {{ region_short_name('name_zh', 'level') }} as short_name
    from {{ ref('int_regions') }}
    where level in ('省级', '地级', '县级')
),

names as (
    select
        *,
        name_zh as place_name,
        true as is_full
    from regions
    union all
    select
        *,
        short_name as place_name,
        false as is_full
    from regions
    where length(short_name) >= 2
    union all
    select
        *,
        short_name || '州' as place_name,
        true as is_full
    from regions
    where level = '地级' and name_zh like '%自治州'
),

scoped as (
    select
        province_code as scope_code,
        *
    from names
    union all
    select
        'CN' as scope_code,
        *
    from names
    where (level = '地级' or is_full) and length(place_name) >= 2
),

preferred as (
    select
        *,
        row_number() over (
            partition by scope_code, level, city_code, place_name
            order by case when valid_to = {{ open_end() }} then 0 else 1 end, valid_from desc, region_code asc
        ) as preference,
        min(case when valid_to = {{ open_end() }} then 0 else 1 end) over (
            partition by scope_code, level, place_name
        ) as best_currency
    from scoped
),

-- A name that a region has today belongs to it, even where a retired code had it too; within its own city, the retired
-- code keeps the name.
ranked as (
    select
        *,
        case when best_currency = 1 or valid_to = {{ open_end() }} then 1 else 0 end as has_name
    from preferred
    where preference = 1
)

select
    scope_code,
    level,
    city_code,
    place_name,
    is_full,
    region_key,
    region_code,
    name_zh,
    valid_to = {{ open_end() }} as is_current,
    has_name = 1 and sum(has_name) over (partition by scope_code, level, place_name) = 1 as is_unique_in_scope
from ranked
