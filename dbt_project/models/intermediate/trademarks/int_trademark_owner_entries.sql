-- Grain: one row per owner entry of a version or replaced state of a mark.
{{ config(materialized='view') }}
with us_owners as (
    select
        records.trademark_key,
        records.is_replaced,
        owners.item_no as owner_no,
        'uspto_trademark' as source_id,
        owners.owner_name,
        owners.owner_name_norm,
        owners.owner_name_key,
        cast(null as varchar) as owner_name_en,
        cast(null as varchar) as owner_identifier,
        cast(null as varchar) as owner_address,
        owners.party_type,
        coalesce(owners.entry_no, owners.item_no) as entry_no,
        coalesce(owners.nationality_country, owners.country) as country
    from {{ ref('stg_uspto_trademark__owner') }} as owners
    inner join {{ ref('int_trademark_records') }} as records
        on
            owners.delivery_sha256 = records.delivery_sha256
            and owners.record_no = records.record_no
            and records.source_id = 'uspto_trademark'
),

tw_owners as (
    select
        records.trademark_key,
        records.is_replaced,
        owners.item_no as owner_no,
        'tipo_gazette' as source_id,
        owners.owner_name,
        owners.owner_name_norm,
        owners.owner_name_key,
        owners.owner_name_en,
        null as owner_identifier,
        null as owner_address,
        cast(null as varchar) as party_type,
        owners.item_no as entry_no,
        owners.owner_nationality as country
    from {{ ref('stg_tipo_gazette__owner') }} as owners
    inner join {{ ref('int_trademark_records') }} as records
        on
            owners.delivery_sha256 = records.delivery_sha256
            and owners.record_no = records.record_no
            and records.source_id = 'tipo_gazette'
),

-- The EUIPO names applicants by identifier only.
em_owners as (
    select
        records.trademark_key,
        records.is_replaced,
        applicants.item_no as owner_no,
        'euipo_trademark' as source_id,
        null as owner_name,
        null as owner_name_norm,
        null as owner_name_key,
        null as owner_name_en,
        applicants.applicant_identifier as owner_identifier,
        null as owner_address,
        null as party_type,
        applicants.item_no as entry_no,
        null as country
    from {{ ref('stg_euipo_trademark__applicant') }} as applicants
    inner join {{ ref('int_trademark_records') }} as records
        on
            applicants.delivery_sha256 = records.delivery_sha256
            and applicants.record_no = records.record_no
            and records.source_id = 'euipo_trademark'
),

cn_owners as (
    select
        records.trademark_key,
        records.is_replaced,
        1 as owner_no,
        'cnipa_trademark' as source_id,
        classes.applicant_name as owner_name,
        classes.applicant_name_norm as owner_name_norm,
        classes.applicant_name_key as owner_name_key,
        classes.applicant_name_en as owner_name_en,
        null as owner_identifier,
        classes.applicant_address as owner_address,
        null as party_type,
        1 as entry_no,
        null as country
    from {{ ref('stg_cnipa_trademark__registration_class') }} as classes
    inner join {{ ref('int_trademark_records') }} as records
        on
            classes.delivery_sha256 = records.delivery_sha256
            and classes.record_no = records.record_no
            and records.source_id = 'cnipa_trademark'
    where classes.applicant_name is not null or classes.applicant_name_en is not null
)

select
    *,
    -- Party types rise with each change of owner; 70 is a correspondent in old records, not an owner.
    case when party_type is null then 99 when party_type < '70' then 99 - try_cast(party_type as bigint) end
        as party_rank
from us_owners
union all
select
    *,
    0 as party_rank
from (
    select * from tw_owners
    union all
    select * from em_owners
    union all
    select * from cn_owners
) as single_party_owners
