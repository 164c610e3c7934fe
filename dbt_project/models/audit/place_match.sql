-- Grain: one row per distinct location text.
select
    places.place_text,
    coalesce(places.region_key, -1) as region_key,
    places.region_code,
    regions.name_zh as region_name,
    coalesce(regions.level, '未知') as level,
    places.method,
    methods.confidence
from {{ ref('int_place_regions') }} as places
inner join {{ ref('place_methods') }} as methods on places.method = methods.method
left join {{ ref('int_regions') }} as regions on places.region_key = regions.region_key
