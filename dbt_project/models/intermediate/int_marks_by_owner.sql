-- Grain: one row per producer of a sample and text that exactly one of its marks bears.
with producers as (
    select distinct names.enterprise_key
    from {{ ref('int_inspection_samples') }} as samples
    inner join {{ ref('int_enterprise_names') }} as names on samples.producer_name_key = names.name_key
    where samples.brand_text_norm is not null
),

texts as (
    select
        trademark_key,
        mark_text_norm as mark_text
    from {{ ref('int_tipo_current_registrations') }}
    union all
    select
        trademark_key,
        mark_text
    from {{ ref('int_uspto_current_cases') }}
),

owned as (
    select
        owners.trademark_key,
        names.enterprise_key as owner_enterprise_key
    from {{ ref('int_trademark_owners') }} as owners
    inner join {{ ref('int_enterprise_names') }} as names on owners.owner_name_key = names.name_key
    inner join producers on names.enterprise_key = producers.enterprise_key
    where owners.is_first_owner
)

select
    owned.owner_enterprise_key,
    texts.mark_text,
    min(owned.trademark_key) as trademark_key
from owned
inner join texts on owned.trademark_key = texts.trademark_key
where texts.mark_text is not null
group by owned.owner_enterprise_key, texts.mark_text
having count(*) = 1
