-- Grain: one row per mark at an office, as its newest record has it, and the unknown mark.
with first_owners as (
    select
        owners.trademark_key,
        names.enterprise_key
    from {{ ref('int_trademark_owners') }} as owners
    inner join {{ ref('int_enterprise_names') }} as names on owners.owner_name_key = names.name_key
    where owners.is_first_owner
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
    marks.valid_to,
    marks.valid_to = {{ open_end() }} as is_current,
    marks.filing_date_text,
    marks.registration_date_text,
    marks.status_date_text,
    marks.international_registration_no,
    marks.is_well_known,
    coalesce(deliveries.delivery_key, -1) as delivery_key,
    marks.record_no
from {{ ref('int_trademarks') }} as marks
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
    null as is_well_known,
    -1 as delivery_key,
    null as record_no
