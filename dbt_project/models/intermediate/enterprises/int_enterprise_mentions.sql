-- Grain: one row per source, name key and credit code under which an enterprise is named outside the register.
-- Owners of trademarks are grouped separately: they have the most rows and the fewest columns, and everything at once
-- would not fit in memory.
with owners as (
    select
        source_id,
        owner_name_key as name_key,
        min(owner_name_norm) as name,
        min(owner_name_en) as name_en,
        min(owner_address) as address
    from {{ ref('int_trademark_owners') }}
    where owner_name_key <> '' and not is_replaced
    group by source_id, owner_name_key
),

mentions as (
    select
        source_id,
        name_key,
        name,
        cast(null as varchar) as uscc,
        address,
        place_text,
        brand_text,
        category_name
    from {{ ref('int_inspection_mentions') }}
    union all
    select
        'recognition_list' as source_id,
        recipient_name_key as name_key,
        recipient_name_norm as name,
        uscc,
        null as address,
        region_name_norm as place_text,
        object_name_norm as brand_text,
        null as category_name
    from {{ ref('stg_recognition_list__decision') }}
    where {{ is_enterprise_recipient('recipient_kind') }}
    union all
    -- Names that people declare are resolved in the same way as names that sources print.
    select
        file as source_id,
        subject_name_key as name_key,
        subject_name as name,
        null as uscc,
        null as address,
        null as place_text,
        null as brand_text,
        null as category_name
    from {{ ref('int_enterprise_decisions') }}
    where decision <> 'alias'
    union all
    select
        file as source_id,
        object_name_key as name_key,
        object_name as name,
        null as uscc,
        null as address,
        null as place_text,
        null as brand_text,
        null as category_name
    from {{ ref('int_enterprise_decisions') }}
)

select
    source_id,
    name_key,
    cast(null as varchar) as uscc,
    name,
    name_en,
    address,
    cast(null as varchar) as place_text,
    cast(null as varchar[]) as brands,
    cast(null as varchar) as category_name
from owners
union all
select
    source_id,
    name_key,
    uscc,
    min(name) as name,
    null as name_en,
    min(address) as address,
    min(place_text) as place_text,
    list_sort(list(distinct brand_text) filter (where brand_text is not null)) as brands,
    min(category_name) as category_name
from mentions
where name_key <> ''
group by source_id, name_key, uscc
