-- Grain: one row per distinct location text, with the narrowest region read from it and how it was read.
with places as (
    select * from {{ ref('int_places') }}
),

cities as (
    select * from {{ ref('int_place_cities') }}
),

counties as (
    select * from {{ ref('int_place_counties') }}
),

parts as (
    select
        places.place_text,
        places.province_named,
        case when counties.is_certain then counties.region_key end as county_key,
        counties.is_full as is_county_full,
        coalesce(counties.is_contradicted and counties.is_certain, false) as is_contradicted,
        coalesce(not counties.is_certain, false) as is_ambiguous,
        case when counties.is_certain or not cities.needs_county then cities.region_key end as city_key,
        cities.is_full as is_city_full,
        cities.is_bare and counties.region_key is null as is_zone,
        places.province_key
    from places
    left join cities on places.place_text = cities.place_text
    left join counties on places.place_text = counties.place_text
)

select
    parts.place_text,
    regions.region_key,
    regions.region_code,
    case
        when regions.region_key is null and parts.is_ambiguous then 'ambiguous'
        when regions.region_key is null then 'none'
        when parts.is_contradicted then 'contradicted'
        when parts.province_named = 'inside' then 'inside'
        when parts.city_key is not null and parts.is_zone then 'zone'
        when
            parts.province_named = 'short'
            or (parts.city_key is not null and not parts.is_city_full)
            or (parts.county_key is not null and not parts.is_county_full)
            then 'short'
        when parts.province_named = 'none' then 'unique'
        else 'full'
    end as method
from parts
left join {{ ref('int_regions') }} as regions
    on coalesce(parts.county_key, parts.city_key, parts.province_key) = regions.region_key
