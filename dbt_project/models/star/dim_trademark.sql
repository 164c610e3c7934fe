-- Grain: one row per mark at an office and version of its record, and the unknown mark.
{{ config(post_hook="{{ trademark_as_of() }}") }}
with first_owners as (
    select
        owners.trademark_key,
        names.enterprise_key
    from {{ ref('int_trademark_owners') }} as owners
    inner join {{ ref('int_enterprise_names') }} as names on owners.owner_name_key = names.name_key
    where owners.is_first_owner
),

dated as (
    select
        marks.*,
        versions.durable_trademark_key,
        coalesce(versions.version_no, 1) as version_no,
        coalesce(versions.is_newest, true) as is_newest,
        coalesce(versions.is_listed, true) as is_listed,
        versions.version_from,
        versions.recorded_from,
        versions.recorded_to,
        coalesce(versions.version_to, marks.closed_date) as valid_to,
        coalesce(marks.filing_date, marks.registration_date, cast('1900-01-01' as date)) as begun_date,
        coalesce(first_owners.enterprise_key, -1) as owner_enterprise_key
    from {{ ref('int_trademarks') }} as marks
    left join {{ ref('int_trademark_versions') }} as versions on marks.trademark_key = versions.trademark_key
    left join first_owners on marks.trademark_key = first_owners.trademark_key
)

{{ trademark_rows() }}
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
    null as record_no,
    -1 as durable_trademark_key,
    1 as version_no,
    true as is_listed,
    null as status_since,
    cast('1900-01-01' as timestamp) as recorded_from,
    cast({{ open_end() }} as timestamp) as recorded_to
