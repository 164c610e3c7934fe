-- Grain: one row per distinct location text that names a county, or several that have the name.
with places as (
    select * from {{ ref('int_places') }}
),

cities as (
    select * from {{ ref('int_place_cities') }}
),

names as (
    select * from {{ ref('int_region_names') }}
    where level = '县级' and length(place_name) >= 2
),

lengths as (
    select distinct length(place_name) as name_length from names
),

tails as (
    select
        places.place_text,
        places.scope_code,
        cities.city_code,
        cities.rest as tail,
        true as takes_short_names
    from places
    inner join cities on places.place_text = cities.place_text
    union
    -- 大理市 is in 大理州, so the name that was read as a city is read as a county too; but 湖北宜昌 is not 宜昌县.
    select
        places.place_text,
        places.scope_code,
        case when not cities.needs_county then cities.city_code end as city_code,
        places.rest as tail,
        cities.city_code is null as takes_short_names
    from places
    left join cities on places.place_text = cities.place_text
),

candidates as (
    select
        tails.place_text,
        names.region_key,
        names.region_code,
        names.is_full,
        tails.city_code <> names.city_code as is_contradicted,
        tails.city_code is not null or names.is_unique_in_scope as is_certain,
        row_number() over (
            partition by tails.place_text
            order by
                case when tails.city_code = names.city_code then 0 else 1 end,
                names.is_unique_in_scope desc,
                lengths.name_length desc,
                names.region_code asc
        ) as preference
    from tails
    cross join lengths
    inner join names
        on
            (tails.scope_code = names.scope_code or (tails.city_code = names.city_code and names.scope_code <> 'CN'))
            and left(tails.tail, lengths.name_length) = names.place_name
            and (names.is_full or tails.takes_short_names)
            and (
                tails.city_code is null
                or tails.city_code = names.city_code
                -- A full name that only one county of the province has today outweighs the city printed before it.
                or (
                    names.is_full
                    and names.is_current
                    and names.is_unique_in_scope
                    and names.scope_code <> 'CN'
                    and lengths.name_length >= 3
                )
            )
    where length(tails.tail) >= lengths.name_length
)

select
    place_text,
    region_key,
    is_full,
    coalesce(is_contradicted, false) as is_contradicted,
    -- Where several counties have the name and the text does not distinguish them, none is read.
    is_certain
from candidates
where preference = 1
