-- Grain: one row per period of a region code and region of today's map that contains its territory, or part of it.
with recursive regions as (
    select * from {{ ref('int_regions') }}
),

followed as (
    select
        region_key,
        region_key as reached_key,
        1 as weakness
    from regions
    union
    select
        followed.region_key,
        successions.successor_key as reached_key,
        greatest(
            followed.weakness, case successions.method when 'successor' then 2 when 'name' then 3 else 4 end
        ) as weakness
    from followed
    inner join {{ ref('int_region_successions') }} as successions on followed.reached_key = successions.region_key
),

ends as (
    select
        followed.region_key,
        reached.region_key as reached_key,
        reached.valid_to,
        reached.city_code,
        reached.province_code,
        followed.weakness
    from followed
    inner join regions as reached on followed.reached_key = reached.region_key
    where followed.reached_key not in (select s.region_key from {{ ref('int_region_successions') }} as s)
),

-- Where no list states what became of a region, the city or province around it is used.
located as (
    select
        ends.region_key,
        coalesce(
            case when ends.valid_to = {{ open_end() }} then ends.reached_key end,
            cities.region_key,
            provinces.region_key
        ) as today_region_key,
        case when ends.valid_to = {{ open_end() }} then ends.weakness else 5 end as weakness
    from ends
    left join regions as cities
        on ends.city_code = cities.region_code and cities.valid_to = {{ open_end() }}
    left join regions as provinces
        on ends.province_code = provinces.region_code and provinces.valid_to = {{ open_end() }}
),

parts as (
    select
        region_key,
        today_region_key,
        max(weakness) as weakness
    from located
    group by region_key, today_region_key
)

select
    parts.region_key,
    parts.today_region_key,
    case parts.weakness
        when 1 then 'same' when 2 then 'successor' when 3 then 'name' when 4 then 'counties' else 'container'
    end as method,
    count(*) over (partition by parts.region_key) as n_today_regions
from parts
union all
select
    -1 as region_key,
    -1 as today_region_key,
    'same' as method,
    1 as n_today_regions
