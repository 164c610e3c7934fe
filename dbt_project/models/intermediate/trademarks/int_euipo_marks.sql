-- Grain: one row per version of a mark at the EUIPO, and per replaced state of it.
{{ config(materialized='view') }}
with marks as (
    {{ versions_of(
        ref('int_euipo_current_marks'),
        ref('stg_euipo_trademark__mark'),
        derived=['published.status_text', 'cast(null as date)']
    ) | indent(4) }}
)

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
    marks.record_no,
    marks.is_replaced
from marks
left join {{ ref('trademark_statuses') }} as statuses
    on marks.status_code = statuses.status_code and statuses.office_code = 'EM'
