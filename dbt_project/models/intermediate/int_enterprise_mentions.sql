-- Grain: one row per source, name key and credit code under which an enterprise is named outside the register.
with notice_rows as (
    {{ of_notices('sample_row') }}
),

parties as (
    {{ of_notices('party') }}
),

mentions as (
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
        source_id,
        producer_name_key as name_key,
        producer_name_norm as name,
        null as name_en,
        null as uscc,
        null as address
    from notice_rows
    union all
    select
        source_id,
        commissioner_name_key as name_key,
        commissioner_name_norm as name,
        null as name_en,
        null as uscc,
        null as address
    from notice_rows
    union all
    select
        source_id,
        sampled_name_key as name_key,
        sampled_name_norm as name,
        null as name_en,
        null as uscc,
        null as address
    from notice_rows
    union all
    select
        source_id,
        party_name_key as name_key,
        party_name_norm as name,
        null as name_en,
        null as uscc,
        null as address
    from parties
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
