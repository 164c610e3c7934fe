-- Grain: one row per version of a registered enterprise, and per replaced state of it.
{{ config(materialized='view') }}
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
        versions.extract_date as last_stated_on,
        false as is_replaced
    from {{ ref('int_enterprise_versions') }} as versions
    left join {{ ref('int_enterprise_history') }} as history on versions.uscc = history.uscc and history.is_newest
    union all
    select
        published.*,
        history.version_no,
        history.version_from,
        history.version_to,
        history.recorded_from,
        history.recorded_to,
        false as is_newest,
        history.is_listed,
        history.last_stated_on,
        history.is_replaced
    from {{ ref('stg_enterprise_register__enterprise') }} as published
    inner join {{ ref('int_enterprise_history') }} as history
        on published.delivery_sha256 = history.delivery_sha256 and published.record_no = history.record_no
    where not history.is_newest
)

select
    'USCC:' || versions.uscc as enterprise_id,
    versions.uscc,
    versions.enterprise_name_norm as name,
    versions.enterprise_name_en as name_en,
    versions.enterprise_type,
    versions.registration_state,
    versions.registered_date,
    versions.region_code,
    versions.last_stated_on as extract_date,
    versions.version_no,
    versions.version_from,
    versions.version_to,
    coalesce(versions.recorded_from, deliveries.received_at) as recorded_from,
    versions.recorded_to,
    versions.is_newest,
    versions.is_listed,
    versions.is_replaced,
    deliveries.delivery_key,
    versions.record_no,
    versions.address_norm as address,
    case
        when length(versions.industry_code) > 1 then regexp_replace(versions.industry_code, '^[A-T]', '') else
            versions.industry_code
    end as industry_code
from extracts as versions
inner join {{ ref('int_enterprise_codes') }} as codes on versions.uscc = codes.uscc and codes.is_own
inner join {{ ref('int_deliveries') }} as deliveries
    on deliveries.source_id = 'enterprise_register' and versions.delivery_sha256 = deliveries.sha256
