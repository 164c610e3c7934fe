-- Grain: one row per enterprise identity and version of it, and the unknown enterprise.
{{ config(post_hook="{{ enterprise_as_of() }}") }}
select * exclude (is_replaced)
from {{ ref('int_enterprises') }}
where not is_replaced
union all
select
    -1 as enterprise_key,
    'unknown' as enterprise_id,
    null as uscc,
    '未知' as name_zh,
    'Unknown' as name_en,
    -1 as region_key,
    -1 as industry_key,
    null as registered_date,
    cast('1900-01-01' as date) as valid_from,
    {{ open_end() }} as valid_to,
    true as is_current,
    null as enterprise_type,
    null as registration_state,
    false as is_registered,
    -1 as durable_enterprise_key,
    1 as version_no,
    true as is_listed,
    null as address,
    cast('1900-01-01' as timestamp) as recorded_from,
    cast({{ open_end() }} as timestamp) as recorded_to,
    -1 as delivery_key,
    null as record_no,
    null as region_method
