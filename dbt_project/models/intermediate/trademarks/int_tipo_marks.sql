-- Grain: one row per version of a mark in Taiwan's register, and per replaced state of it.
{{ config(materialized='view') }}
with marks as (
    {{ versions_of(ref('int_tipo_current_registrations'), ref('stg_tipo_gazette__registration')) | indent(4) }}
)

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
    record_no,
    is_replaced
from marks
