-- Grain: one row per version of a mark at an office; most marks have one.
{{ config(materialized='view') }}
with us_marks as (
    {{ versions_of(ref('int_uspto_current_cases'), ref('stg_uspto_trademark__case_file')) | indent(4) }}
),

tw_marks as (
    {{ versions_of(ref('int_tipo_current_registrations'), ref('stg_tipo_gazette__registration')) | indent(4) }}
),

em_marks as (
    {{ versions_of(
        ref('int_euipo_current_marks'),
        ref('stg_euipo_trademark__mark'),
        derived=['published.status_text', 'cast(null as date)']
    ) | indent(4) }}
),

cn_marks as (
    select
        trademark_key,
        delivery_sha256,
        record_no,
        registration_no,
        mark_text,
        filing_date,
        registration_date,
        expiry_date,
        legal_status,
        is_well_known,
        international_registration_no
    from {{ ref('int_cnipa_current_marks') }}
    union all
    select
        versions.trademark_key,
        classes.delivery_sha256,
        classes.record_no,
        classes.registration_no,
        classes.mark_text,
        classes.filing_date,
        classes.registration_date,
        classes.expiry_date,
        classes.legal_status,
        classes.is_well_known,
        classes.international_registration_no
    from {{ ref('stg_cnipa_trademark__registration_class') }} as classes
    inner join {{ ref('int_trademark_versions') }} as versions
        on classes.delivery_sha256 = versions.delivery_sha256 and classes.record_no = versions.record_no
    where not versions.is_newest
)

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
