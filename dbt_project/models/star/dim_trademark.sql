-- Grain: one row per mark at an office and version of its record, and the unknown mark.
{{ config(post_hook="{{ trademark_as_of() }}") }}
select * exclude (is_replaced)
from {{ ref('int_trademarks') }}
where not is_replaced
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
