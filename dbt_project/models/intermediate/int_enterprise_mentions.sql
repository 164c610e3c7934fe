-- Grain: one row per source, name key and credit code under which an enterprise is named outside the register.
with mentions as (
    select
        source_id,
        owner_name_key as name_key,
        owner_name_norm as name,
        owner_name_en as name_en,
        cast(null as varchar) as uscc,
        owner_address as address
    from {{ ref('int_trademark_owners') }}
    union all
    select
        'samr_food_sampling' as source_id,
        producer_name_key as name_key,
        producer_name_norm as name,
        null as name_en,
        null as uscc,
        null as address
    from {{ ref('stg_samr_food_sampling__sample_row') }}
    union all
    select
        'samr_food_sampling' as source_id,
        commissioner_name_key as name_key,
        commissioner_name_norm as name,
        null as name_en,
        null as uscc,
        null as address
    from {{ ref('stg_samr_food_sampling__sample_row') }}
    union all
    select
        'samr_food_sampling' as source_id,
        sampled_name_key as name_key,
        sampled_name_norm as name,
        null as name_en,
        null as uscc,
        null as address
    from {{ ref('stg_samr_food_sampling__sample_row') }}
    union all
    select
        'recognition_list' as source_id,
        recipient_name_key as name_key,
        recipient_name_norm as name,
        null as name_en,
        uscc,
        null as address
    from {{ ref('stg_recognition_list__decision') }}
    where {{ is_enterprise_recipient('recipient_kind') }}
)

select
    source_id,
    name_key,
    uscc,
    min(name) as name,
    min(name_en) as name_en,
    min(address) as address
from mentions
where name_key <> ''
group by source_id, name_key, uscc
