-- Grain: one row per place name with which a name of a firm may open, and province named before it (null for none).
with names as (
    select * from {{ ref('int_region_names') }}
    where scope_code <> 'CN'
),

provinces as (
    select
        place_name,
        min(region_code) as region_code
    from names
    where level = '省级'
    group by place_name
),

-- 昆山 means 昆山市; short names of districts and counties are not used, because any name may contain them. The smallest of
-- rank, currency and code wins a name: the larger place, of equal ones today's, of those the lower code.
ranked as (
    select
        place_name,
        region_code,
        case when level = '地级' then '1' else '3' end as rank,
        is_current
    from names
    where level = '地级' or (level = '县级' and is_full and is_unique_in_scope)
    union all
    select
        left(place_name, length(place_name) - 1) as place_name,
        region_code,
        '5' as rank,
        is_current
    from names
    where level = '县级' and is_full and is_unique_in_scope and place_name like '__%市'
),

-- Within a province: 阜阳 is the city, although a county-level city had this name too.
by_province as (
    select
        place_name,
        left(region_code, 2) as province_digits,
        min(rank || case when is_current then '0' else '1' end || region_code) as best_region
    from ranked
    group by place_name, left(region_code, 2)
),

by_country as (
    select
        place_name,
        min(best_region) as best_region,
        count(*) filter (where left(best_region, 2) = best_rank) as n_provinces
    from (
        select
            *,
            left(min(best_region) over (partition by place_name), 2) as best_rank
        from by_province
    ) as compared
    group by place_name
),

openings as (
    select
        place_name as opening,
        region_code,
        cast(null as varchar) as province_digits,
        left(region_code, 2) in ('11', '12', '31', '50') as is_city
    from provinces
    union all
    -- 吉林 is read as the province, 吉林市 as the city.
    select
        place_name as opening,
        substr(best_region, 3) as region_code,
        null as province_digits,
        true as is_city
    from by_country
    where n_provinces = 1 and place_name not in (select provinces.place_name from provinces)
    union all
    select
        place_name as opening,
        substr(best_region, 3) as region_code,
        province_digits,
        true as is_city
    from by_province
)

select
    opening,
    region_code,
    province_digits,
    is_city
from openings
where length(opening) >= 2
