-- Grain: one row per owner entry of a version of a mark.
with us_cases as (
    {{ records_of_versions(ref('int_uspto_current_cases')) | indent(4) }}
),

tw_registrations as (
    {{ records_of_versions(ref('int_tipo_current_registrations')) | indent(4) }}
),

em_marks as (
    {{ records_of_versions(ref('int_euipo_current_marks')) | indent(4) }}
),

cn_marks as (
    {{ records_of_versions(ref('int_cnipa_current_marks')) | indent(4) }}
),

us_owners as (
    select
        cases.trademark_key,
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
    inner join us_cases as cases
        on owners.delivery_sha256 = cases.delivery_sha256 and owners.record_no = cases.record_no
),

tw_owners as (
    select
        registrations.trademark_key,
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
    inner join tw_registrations as registrations
        on owners.delivery_sha256 = registrations.delivery_sha256 and owners.record_no = registrations.record_no
),

-- The EUIPO names applicants by identifier only.
em_owners as (
    select
        marks.trademark_key,
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
    inner join em_marks as marks
        on applicants.delivery_sha256 = marks.delivery_sha256 and applicants.record_no = marks.record_no
),

cn_owners as (
    select
        marks.trademark_key,
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
    inner join cn_marks as marks
        on classes.delivery_sha256 = marks.delivery_sha256 and classes.record_no = marks.record_no
    where classes.applicant_name is not null or classes.applicant_name_en is not null
),

owners as (
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
),

-- The first of today's owners: party, then entry number, then place in the list, as one number that one pass finds.
firsts as (
    select
        trademark_key,
        min(party_rank * 1000000000000 + entry_no * 1000000 + owner_no) as first_rank
    from owners
    group by trademark_key
)

select
    owners.trademark_key,
    owners.owner_no,
    owners.source_id,
    owners.owner_name,
    owners.owner_name_norm,
    owners.owner_name_key,
    owners.owner_name_en,
    owners.owner_identifier,
    owners.owner_address,
    owners.party_type,
    owners.entry_no,
    owners.country,
    coalesce(owners.party_rank = floor(firsts.first_rank / 1000000000000), false) as is_current_owner,
    coalesce(
        owners.party_rank * 1000000000000 + owners.entry_no * 1000000 + owners.owner_no = firsts.first_rank, false
    ) as is_first_owner
from owners
inner join firsts on owners.trademark_key = firsts.trademark_key
