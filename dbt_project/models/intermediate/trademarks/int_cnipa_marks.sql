-- Grain: one row per version of a mark in China, and per replaced state of it.
{{ config(materialized='view') }}
with marks as (
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
        international_registration_no,
        false as is_replaced
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
        classes.international_registration_no,
        versions.is_replaced
    from {{ ref('stg_cnipa_trademark__registration_class') }} as classes
    inner join {{ ref('int_trademark_versions') }} as versions
        on classes.delivery_sha256 = versions.delivery_sha256 and classes.record_no = versions.record_no
    where not versions.is_newest
)

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
    marks.record_no,
    marks.is_replaced
from marks
left join {{ ref('trademark_statuses') }} as statuses
    on marks.legal_status = statuses.status_code and statuses.office_code = 'CN'
