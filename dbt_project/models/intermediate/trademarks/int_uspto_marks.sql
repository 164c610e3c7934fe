-- Grain: one row per version of a mark at the USPTO, and per replaced state of it.
{{ config(materialized='view') }}
with cases as (
    {{ versions_of(ref('int_uspto_current_cases'), ref('stg_uspto_trademark__case_file')) | indent(4) }}
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
    cases.record_no,
    cases.is_replaced
from cases
left join {{ ref('uspto_status_codes') }} as statuses on cases.status_code = statuses.status_code
