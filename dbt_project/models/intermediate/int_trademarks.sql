-- Grain: one row per mark at an office, as its newest record has it.
{{ config(materialized='view') }}
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
    {{ open_end() }} as valid_to,
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
    null as is_well_known,
    {{ open_end() }} as valid_to,
    delivery_sha256,
    record_no
from {{ ref('int_tipo_current_registrations') }}
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
    coalesce(marks.deleted_date, {{ open_end() }}) as valid_to,
    marks.delivery_sha256,
    marks.record_no
from {{ ref('int_euipo_current_marks') }} as marks
left join {{ ref('trademark_statuses') }} as statuses
    on marks.status_code = statuses.status_code and statuses.office_code = 'EM'
union all
select
    trademark_key,
    'CN' as office_code,
    'cnipa_trademark' as source_id,
    registration_no as application_no,
    case when registration_date is not null or status_group = 'live' then registration_no end as registration_no,
    mark_text,
    filing_date,
    cast(filing_date as varchar) as filing_date_text,
    registration_date,
    cast(registration_date as varchar) as registration_date_text,
    expiry_date,
    coalesce(legal_status, 'unknown') as status_code,
    status_group,
    closed_date as status_date,
    cast(closed_date as varchar) as status_date_text,
    international_registration_no,
    is_well_known,
    coalesce(closed_date, {{ open_end() }}) as valid_to,
    delivery_sha256,
    record_no
from {{ ref('int_cnipa_current_marks') }}
