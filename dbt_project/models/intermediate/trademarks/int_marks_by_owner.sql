-- Grain: one row per producer or commissioner of a sample and mark text that exactly one of its marks has.
with makers as (
    select unnest([samples.producer_name_key, samples.commissioner_name_key]) as name_key
    from {{ ref('int_inspection_samples') }} as samples
    where samples.brand_text_norm is not null
),

producers as (
    select distinct names.enterprise_key
    from {{ ref('int_enterprise_names') }} as names
    where names.name_key in (select makers.name_key from makers)
),

texts as (
    select
        trademark_key,
        mark_text_norm as mark_text,
        false as is_domestic
    from {{ ref('int_tipo_current_registrations') }}
    union all
    select
        trademark_key,
        mark_text,
        false as is_domestic
    from {{ ref('int_uspto_current_cases') }}
    union all
    select
        trademark_key,
        mark_text_norm as mark_text,
        true as is_domestic
    from {{ ref('int_cnipa_current_marks') }}
    where status_group = 'live' and closed_date is null
),

owned as (
    select
        owners.trademark_key,
        names.enterprise_key as owner_enterprise_key
    from {{ ref('int_trademark_owners') }} as owners
    inner join {{ ref('int_enterprise_names') }} as names on owners.owner_name_key = names.name_key
    inner join producers on names.enterprise_key = producers.enterprise_key
    where owners.is_first_owner
),

-- A trademark protects goods where it is registered: a sample in China is matched to a mark registered there, if any.
by_text as (
    select
        owned.owner_enterprise_key,
        texts.mark_text,
        texts.is_domestic,
        min(owned.trademark_key) as trademark_key,
        count(*) as n_marks
    from owned
    inner join texts on owned.trademark_key = texts.trademark_key
    where texts.mark_text is not null
    group by owned.owner_enterprise_key, texts.mark_text, texts.is_domestic
),

preferred as (
    select
        *,
        row_number() over (partition by owner_enterprise_key, mark_text order by is_domestic desc) as preference
    from by_text
)

select
    owner_enterprise_key,
    mark_text,
    trademark_key,
    is_domestic
from preferred
where preference = 1 and n_marks = 1
