-- Grain: one row per distinct text that says where something is, with the narrowest region read from it.
with places as (
    select * from {{ ref('int_places') }}
),

names as (
    select * from {{ ref('int_region_names') }}
),

lengths as (
    select distinct length(place_name) as name_length from names
),

-- 吉林市 opens with a province's name, so a city's full name is looked for in the whole text too; 吉林省 is no city.
city_tails as (
    select
        place_text,
        place,
        scope_code,
        rest as tail,
        true as takes_short_names
    from places
    union
    select
        place_text,
        place,
        scope_code,
        place as tail,
        false as takes_short_names
    from places
    where province_code is not null
),

city_candidates as (
    select
        tails.place_text,
        names.region_code as city_code,
        substr(tails.tail, lengths.name_length + 1) as rest,
        row_number()
            over (
                partition by tails.place_text
                order by names.is_full desc, lengths.name_length desc, names.region_code asc
            )
            as preference
    from city_tails as tails
    cross join lengths
    inner join names
        on
            names.level = '地级'
            and tails.scope_code = names.scope_code
            and left(tails.tail, lengths.name_length) = names.place_name
    where
        length(tails.tail) >= lengths.name_length
        and names.is_unique_in_scope
        and (names.is_full or tails.takes_short_names)
        and (names.scope_code <> 'CN' or names.is_full or tails.tail = names.place_name)
),

cities as (
    select * from city_candidates
    where preference = 1
),

county_tails as (
    select
        places.place_text,
        places.scope_code,
        cities.city_code,
        cities.rest as tail,
        true as takes_short_names
    from places
    inner join cities on places.place_text = cities.place_text
    union
    -- 大理市 lies in 大理州: the city's own words are read again, but 湖北宜昌 is not 宜昌县.
    select
        places.place_text,
        places.scope_code,
        cities.city_code,
        places.rest as tail,
        cities.city_code is null as takes_short_names
    from places
    left join cities on places.place_text = cities.place_text
),

county_candidates as (
    select
        tails.place_text,
        names.region_code as county_code,
        row_number()
            over (partition by tails.place_text order by lengths.name_length desc, names.region_code asc)
            as preference
    from county_tails as tails
    cross join lengths
    inner join names
        on
            names.level = '县级'
            and left(tails.tail, lengths.name_length) = names.place_name
            and (names.is_full or tails.takes_short_names)
            and (
                tails.city_code = names.city_code and names.scope_code <> 'CN'
                or (tails.city_code is null and tails.scope_code = names.scope_code and names.is_unique_in_scope)
            )
    where length(tails.tail) >= lengths.name_length and lengths.name_length >= 2
)

select
    places.place_text,
    coalesce(counties.county_code, cities.city_code, places.province_code) as region_code
from places
left join cities on places.place_text = cities.place_text
left join county_candidates as counties on places.place_text = counties.place_text and counties.preference = 1
where coalesce(counties.county_code, cities.city_code, places.province_code) is not null
