-- Grain: one row per enterprise identity and version of it, and the unknown enterprise.
{{ config(post_hook="{{ enterprise_as_of() }}") }}
with extracts as (
    select
        versions.*,
        history.version_no,
        history.version_from,
        history.version_to,
        history.recorded_from,
        history.recorded_to,
        true as is_newest,
        true as is_listed,
        versions.extract_date as last_stated_on
    from {{ ref('int_enterprise_versions') }} as versions
    left join {{ ref('int_enterprise_history') }} as history on versions.uscc = history.uscc and history.is_newest
    union all
    {{ published_extracts() | indent(4) }}
    where not history.is_newest and not history.is_replaced
),

{{ registered_enterprises() }}

-- A credit code stated elsewhere identifies a firm that no register extract holds.
coded as (
    select
        codes.enterprise_id,
        substr(codes.enterprise_id, 6) as uscc,
        min(mentions.name) as name,
        min(mentions.name_en) as name_en
    from {{ ref('int_enterprise_codes') }} as codes
    left join {{ ref('int_enterprise_mentions') }} as mentions on codes.uscc = mentions.uscc
    where
        substr(codes.enterprise_id, 6) not in (
            select versions.uscc from {{ ref('int_enterprise_versions') }} as versions
        )
    group by codes.enterprise_id
),

named as (
    select
        enterprise_id,
        min(name) as name,
        min(name_en) as name_en
    from {{ ref('int_enterprise_names') }}
    where enterprise_id like 'NAME:%'
    group by enterprise_id
),

enterprises as (
    select
        *,
        true as is_registered
    from registered
    union all
    select
        coded.enterprise_id,
        coded.uscc,
        coded.name,
        coded.name_en,
        null as enterprise_type,
        null as registration_state,
        null as registered_date,
        null as region_code,
        null as extract_date,
        null as version_no,
        null as version_from,
        null as version_to,
        null as recorded_from,
        null as recorded_to,
        true as is_newest,
        true as is_listed,
        -1 as delivery_key,
        null as record_no,
        null as address,
        null as industry_code,
        false as is_registered
    from coded
    union all
    select
        named.enterprise_id,
        null as uscc,
        named.name,
        named.name_en,
        null as enterprise_type,
        null as registration_state,
        null as registered_date,
        null as region_code,
        null as extract_date,
        null as version_no,
        null as version_from,
        null as version_to,
        null as recorded_from,
        null as recorded_to,
        true as is_newest,
        true as is_listed,
        -1 as delivery_key,
        null as record_no,
        null as address,
        null as industry_code,
        false as is_registered
    from named
),

{{ located_enterprises(
    version_key(surrogate_key(['enterprises.enterprise_id']), 'enterprises.version_from', 'enterprises.is_newest')
) }}
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
