-- Grain: one row per name that does not resolve to a code, with the evidence in its mentions.
with unresolved as (
    select
        ladder.name_key,
        ladder.name,
        parts.region_code as name_region,
        parts.core,
        parts.form
    from {{ ref('int_enterprise_ladder') }} as ladder
    inner join {{ ref('int_enterprise_name_parts') }} as parts on ladder.name_key = parts.name_key
    where ladder.method = 'name_only' and length(parts.core) >= 3
),

-- Evidence is collected from every mention of a name, whatever its source.
mentioned as (
    select
        mentions.name_key,
        min({{ street('mentions.address') }}) as street,
        min(places.region_code) as region_code,
        list_sort(list_distinct(flatten(list(coalesce(mentions.brands, []))))) as brands,
        min(divisions.division_code) as trade
    from {{ ref('int_enterprise_mentions') }} as mentions
    left join {{ ref('int_place_regions') }} as places on mentions.place_text = places.place_text
    left join {{ ref('product_divisions') }} as divisions on mentions.category_name = divisions.category_name
    where mentions.uscc is null and mentions.name_key in (select unresolved.name_key from unresolved)
    group by mentions.name_key
)

select
    unresolved.name_key,
    unresolved.core,
    unresolved.form,
    unresolved.name_region,
    mentioned.region_code as place_region,
    mentioned.street,
    mentioned.brands,
    mentioned.trade
from unresolved
inner join mentioned on unresolved.name_key = mentioned.name_key
