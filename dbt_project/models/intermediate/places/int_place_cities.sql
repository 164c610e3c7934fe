-- Grain: one row per distinct location text that names a city, with the text after the name.
with places as (
    select * from {{ ref('int_places') }}
),

names as (
    select * from {{ ref('int_region_names') }}
    where level = '地级' and is_unique_in_scope
),

lengths as (
    select distinct length(place_name) as name_length from names
),

-- 吉林市 opens with a province's name, so a city's full name is also looked for at the start; 吉林省 is not a city.
tails as (
    select
        place_text,
        scope_code,
        rest as tail,
        true as takes_short_names
    from places
    union
    select
        place_text,
        scope_code,
        place as tail,
        false as takes_short_names
    from places
    where province_code is not null
),

candidates as (
    select
        tails.place_text,
        names.region_key,
        names.region_code as city_code,
        names.is_full,
        substr(tails.tail, lengths.name_length + 1) as rest,
        names.scope_code = 'CN' and not names.is_full and tails.tail <> names.place_name as is_bare,
        row_number()
            over (
                partition by tails.place_text
                order by names.is_full desc, lengths.name_length desc, names.region_code asc
            )
            as preference
    from tails
    cross join lengths
    inner join names
        on
            tails.scope_code = names.scope_code
            and left(tails.tail, lengths.name_length) = names.place_name
    where length(tails.tail) >= lengths.name_length and (names.is_full or tails.takes_short_names)
)

select
    place_text,
    region_key,
    city_code,
    rest,
    is_full,
    -- Without a province, a short name identifies a city only before a kind of zone that every city has, or before one
    -- of its counties: 绵阳高新区 is in 绵阳, 中山路 may be in any city.
    is_bare,
    is_bare and not regexp_matches(rest, '^(高新|经济|经开|开发|国家|高技术|技术|工业|保税|新区)') as needs_county
from candidates
where preference = 1
