{# What the records of marks say, for the versions that hold and for what they replaced alike. #}

{# Marks as every office tells of them, from the relations us_marks, tw_marks, em_marks and cn_marks. #}
{% macro marks_of_offices() -%}
select
    cases.trademark_key,
    'US' as office_code,
    'uspto_trademark' as source_id,
    cases.serial_number as application_no,
    cases.registration_number as registration_no,
    cases.mark_text,
    cases.filing_date,
    cases.filing_date_text,
    cases.registration_date,
    cases.registration_date_text,
    case
        when statuses.status_group = 'live'
            then cast(coalesce(cases.renewal_date, cases.registration_date) + interval '10' year as date)
    end as expiry_date,
    cases.status_code,
    coalesce(statuses.status_group, 'unknown') as status_group,
    cases.status_date,
    cases.status_date_text,
    cases.international_registration_number as international_registration_no,
    cast(null as boolean) as is_well_known,
    {{ open_end() }} as closed_date,
    cases.delivery_sha256,
    cases.record_no
from us_marks as cases
left join {{ ref('uspto_status_codes') }} as statuses on cases.status_code = statuses.status_code
union all
select
    trademark_key,
    'TW' as office_code,
    'tipo_gazette' as source_id,
    application_number as application_no,
    registration_number as registration_no,
    mark_text,
    filing_date,
    cast(filing_date as varchar) as filing_date_text,
    registration_date,
    cast(registration_date as varchar) as registration_date_text,
    expiry_date,
    case when {{ as_of() }} < expiry_date or not is_newest then 'registered' else 'expired' end as status_code,
    case when {{ as_of() }} < expiry_date or not is_newest then 'live' else 'dead' end as status_group,
    case when {{ as_of() }} < expiry_date or not is_newest then registration_date else expiry_date end as status_date,
    cast(case when {{ as_of() }} < expiry_date or not is_newest then registration_date else expiry_date end as varchar)
        as status_date_text,
    null as international_registration_no,
    null as is_well_known,
    {{ open_end() }} as closed_date,
    delivery_sha256,
    record_no
from tw_marks
union all
select
    marks.trademark_key,
    'EM' as office_code,
    'euipo_trademark' as source_id,
    marks.application_number as application_no,
    case when marks.registration_date is not null then marks.application_number end as registration_no,
    marks.mark_text,
    marks.filing_date,
    cast(marks.filing_date as varchar) as filing_date_text,
    marks.registration_date,
    cast(marks.registration_date as varchar) as registration_date_text,
    marks.expiry_date,
    coalesce(marks.status_code, 'unknown') as status_code,
    coalesce(statuses.status_group, 'unknown') as status_group,
    coalesce(marks.deleted_date, marks.status_date) as status_date,
    cast(coalesce(marks.deleted_date, marks.status_date) as varchar) as status_date_text,
    null as international_registration_no,
    null as is_well_known,
    coalesce(marks.deleted_date, {{ open_end() }}) as closed_date,
    marks.delivery_sha256,
    marks.record_no
from em_marks as marks
left join {{ ref('trademark_statuses') }} as statuses
    on marks.status_code = statuses.status_code and statuses.office_code = 'EM'
union all
select
    marks.trademark_key,
    'CN' as office_code,
    'cnipa_trademark' as source_id,
    marks.registration_no as application_no,
    case
        when marks.registration_date is not null or statuses.status_group = 'live' then marks.registration_no
    end as registration_no,
    marks.mark_text,
    marks.filing_date,
    cast(marks.filing_date as varchar) as filing_date_text,
    marks.registration_date,
    cast(marks.registration_date as varchar) as registration_date_text,
    marks.expiry_date,
    coalesce(marks.legal_status, 'unknown') as status_code,
    coalesce(statuses.status_group, 'unknown') as status_group,
    cast(null as date) as status_date,
    cast(null as varchar) as status_date_text,
    marks.international_registration_no,
    marks.is_well_known,
    {{ open_end() }} as closed_date,
    marks.delivery_sha256,
    marks.record_no
from cn_marks as marks
left join {{ ref('trademark_statuses') }} as statuses
    on marks.legal_status = statuses.status_code and statuses.office_code = 'CN'
{%- endmacro %}

{# Owner entries of the records that the relations us_cases, tw_registrations, em_marks and cn_marks address. #}
{% macro owners_of_records() -%}
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
{%- endmacro %}

{# Rows of dim_trademark, from the relation `dated`: marks with their periods. #}
{% macro trademark_rows() -%}
select
    marks.trademark_key,
    marks.office_code,
    marks.application_no,
    marks.registration_no,
    marks.mark_text,
    marks.filing_date,
    marks.registration_date,
    marks.expiry_date,
    marks.status_code,
    case when marks.is_listed then marks.status_group else 'unknown' end as status_group,
    marks.status_date,
    marks.owner_enterprise_key,
    -- The first record of a mark tells of it since its filing.
    case
        when marks.version_no > 1 then marks.version_from
        else least(marks.begun_date, coalesce(marks.version_from, marks.valid_to - 1))
    end as valid_from,
    marks.valid_to,
    marks.is_newest and marks.valid_to = {{ open_end() }} as is_current,
    marks.filing_date_text,
    marks.registration_date_text,
    marks.status_date_text,
    marks.international_registration_no,
    marks.is_well_known,
    coalesce(deliveries.delivery_key, -1) as delivery_key,
    marks.record_no,
    coalesce(marks.durable_trademark_key, marks.trademark_key) as durable_trademark_key,
    marks.version_no,
    marks.is_listed,
    case
        when marks.status_group = 'live' then coalesce(marks.registration_date, marks.status_date, marks.version_from)
        when marks.status_group = 'dead'
            then coalesce(
                marks.status_date,
                least(marks.expiry_date, coalesce(marks.version_from, deliveries.snapshot_date))
            )
    end as status_since,
    coalesce(marks.recorded_from, deliveries.received_at, cast('1900-01-01' as timestamp)) as recorded_from,
    coalesce(marks.recorded_to, cast({{ open_end() }} as timestamp)) as recorded_to
from dated as marks
left join {{ ref('int_deliveries') }} as deliveries
    on marks.source_id = deliveries.source_id and marks.delivery_sha256 = deliveries.sha256
{%- endmacro %}
