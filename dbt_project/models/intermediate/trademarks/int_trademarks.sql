-- Grain: one row per version of a mark at an office, as in dim_trademark, and per replaced state of it.
{{ config(materialized='view') }}
with first_owners as (
    select
        owners.trademark_key,
        owners.is_replaced,
        names.enterprise_key
    -- An owner whom only a replaced state names is not an enterprise of the star.
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
    from {{ ref('int_office_marks') }} as marks
    left join {{ ref('int_trademark_versions') }} as versions on marks.trademark_key = versions.trademark_key
    left join first_owners
        on marks.trademark_key = first_owners.trademark_key and marks.is_replaced = first_owners.is_replaced
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
    case when marks.is_listed then marks.status_group else 'unknown' end as status_group,
    marks.status_date,
    marks.owner_enterprise_key,
    -- The first version of a mark applies since its filing.
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
    coalesce(marks.recorded_to, cast({{ open_end() }} as timestamp)) as recorded_to,
    marks.is_replaced
from dated as marks
left join {{ ref('int_deliveries') }} as deliveries
    on marks.source_id = deliveries.source_id and marks.delivery_sha256 = deliveries.sha256
