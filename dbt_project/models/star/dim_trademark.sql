-- Grain: one row per mark at an office, as its newest record has it, and the unknown mark.
with first_owners as (
    select
        owners.trademark_key,
        names.enterprise_key
    from {{ ref('int_trademark_owners') }} as owners
    inner join {{ ref('int_enterprise_names') }} as names on owners.owner_name_key = names.name_key
    where owners.is_first_owner
),

marks as (
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
        cases.delivery_sha256,
        cases.record_no
    from {{ ref('int_uspto_current_cases') }} as cases
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
        case when {{ as_of() }} < expiry_date then 'registered' else 'expired' end as status_code,
        case when {{ as_of() }} < expiry_date then 'live' else 'dead' end as status_group,
        case when {{ as_of() }} < expiry_date then registration_date else expiry_date end as status_date,
        cast(case when {{ as_of() }} < expiry_date then registration_date else expiry_date end as varchar)
            as status_date_text,
        null as international_registration_no,
        delivery_sha256,
        record_no
    from {{ ref('int_tipo_current_registrations') }}
)

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
    marks.status_group,
    marks.status_date,
    coalesce(first_owners.enterprise_key, -1) as owner_enterprise_key,
    coalesce(marks.filing_date, marks.registration_date, cast('1900-01-01' as date)) as valid_from,
    {{ open_end() }} as valid_to,
    true as is_current,
    marks.filing_date_text,
    marks.registration_date_text,
    marks.status_date_text,
    marks.international_registration_no,
    coalesce(deliveries.delivery_key, -1) as delivery_key,
    marks.record_no
from marks
left join first_owners on marks.trademark_key = first_owners.trademark_key
left join {{ ref('int_deliveries') }} as deliveries
    on marks.source_id = deliveries.source_id and marks.delivery_sha256 = deliveries.sha256
union all
select
    -1 as trademark_key,
    'unknown' as office_code,
    'unknown' as application_no,
    null as registration_no,
    null as mark_text,
    null as filing_date,
    null as registration_date,
    null as expiry_date,
    'unknown' as status_code,
    'unknown' as status_group,
    null as status_date,
    -1 as owner_enterprise_key,
    cast('1900-01-01' as date) as valid_from,
    {{ open_end() }} as valid_to,
    true as is_current,
    null as filing_date_text,
    null as registration_date_text,
    null as status_date_text,
    null as international_registration_no,
    -1 as delivery_key,
    null as record_no
