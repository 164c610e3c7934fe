-- Grain: one row per distinct place text, with the narrowest region read from it and how.
with places as (
    select * from {{ ref('int_places') }}
),

cities as (
    select * from {{ ref('int_place_cities') }}
),

counties as (
    select * from {{ ref('int_place_counties') }}
),

found as (
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
    found.place_text,
    regions.region_key,
    regions.region_code,
    case
        when regions.region_key is null and found.is_ambiguous then 'ambiguous'
        when regions.region_key is null then 'none'
        when found.is_contradicted then 'contradicted'
        when found.province_named = 'inside' then 'inside'
        when found.city_key is not null and found.is_zone then 'zone'
        when
            found.province_named = 'short'
            or (found.city_key is not null and not found.is_city_full)
            or (found.county_key is not null and not found.is_county_full)
            then 'short'
        when found.province_named = 'none' then 'unique'
        else 'full'
    end as method
from found
left join {{ ref('int_regions') }} as regions
    on coalesce(found.county_key, found.city_key, found.province_key) = regions.region_key
