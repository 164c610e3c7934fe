-- Grain: one row per name whose words lead to no code, with what its mentions state.
with residue as (
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

-- A name takes what its mentions state, from all sources.
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
    where mentions.uscc is null and mentions.name_key in (select residue.name_key from residue)
    group by mentions.name_key
)

select
    residue.name_key,
    residue.core,
    residue.form,
    residue.name_region,
    mentioned.region_code as place_region,
    mentioned.street,
    mentioned.brands,
    mentioned.trade
from residue
inner join mentioned on residue.name_key = mentioned.name_key
