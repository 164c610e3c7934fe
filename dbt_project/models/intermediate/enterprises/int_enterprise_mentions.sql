-- Grain: one row per source, name key and credit code under which an enterprise is named outside the register.
with notice_rows as (
    {{ of_notices('sample_row') }}
),

-- Grouped apart, because they are the most and say the least: all at once would not fit in memory.
owners as (
    select
        source_id,
        owner_name_key as name_key,
        min(owner_name_norm) as name,
        min(owner_name_en) as name_en,
        min(owner_address) as address
    from {{ ref('int_trademark_owners') }}
    where owner_name_key <> ''
    group by source_id, owner_name_key
),

mentions as (
    select
        source_id,
        producer_name_key as name_key,
        producer_name_norm as name,
        cast(null as varchar) as uscc,
        -- Two firms' addresses may share a cell.
        case when producer_address_norm not like '%委托%' then producer_address_norm end as address,
        producer_address_norm as place_text,
        brand_text_norm as brand_text,
        category_name_norm as category_name
    from notice_rows
    union all
    select
        source_id,
        commissioner_name_key as name_key,
        commissioner_name_norm as name,
        null as uscc,
        null as address,
        null as place_text,
        brand_text_norm as brand_text,
        null as category_name
    from notice_rows
    union all
    select
        source_id,
        sampled_name_key as name_key,
        sampled_name_norm as name,
        null as uscc,
        sampled_address_norm as address,
        sampled_address_norm as place_text,
        null as brand_text,
        null as category_name
    from notice_rows
    union all
    select
        source_id,
        party_name_key as name_key,
        party_name_norm as name,
        null as uscc,
        null as address,
        null as place_text,
        null as brand_text,
        null as category_name
    from ({{ of_notices('party') }}) as parties
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
    -- What people declare is resolved as what sources print.
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
