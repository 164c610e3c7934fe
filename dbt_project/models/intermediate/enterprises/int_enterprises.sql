-- Grain: one row per version of an enterprise, as in dim_enterprise, and per replaced state of it.
{{ config(materialized='view') }}
{% set own_key = surrogate_key(['enterprises.enterprise_id']) %}
with enterprises as (
    select
        *,
        true as is_registered
    from {{ ref('int_enterprise_records') }}
    union all
    select
        enterprise_id,
        uscc,
        name,
        name_en,
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
        false as is_replaced,
        -1 as delivery_key,
        null as record_no,
        null as address,
        null as industry_code,
        false as is_registered
    from {{ ref('int_unregistered_enterprises') }}
),

located as (
    select
        enterprises.*,
        coalesce(enterprises.region_code, offices.region_code) as located_code,
        case when enterprises.region_code is null then enterprises.registered_date else enterprises.extract_date end
            as located_date,
        case
            when enterprises.region_code is not null then 'register'
            when offices.region_code is not null then 'uscc'
        end as region_method
    from enterprises
    left join {{ ref('int_office_regions') }} as offices on {{ office_code('enterprises.uscc') }} = offices.office_code
)

select
    case
        when enterprises.is_replaced
            then {{ replaced_key(own_key, 'enterprises.version_from', 'enterprises.recorded_from') }}
        else {{ version_key(own_key, 'enterprises.version_from', 'enterprises.is_newest') }}
    end as enterprise_key,
    enterprises.enterprise_id,
    enterprises.uscc,
    case when regexp_matches(enterprises.name, '[一-鿿]') then enterprises.name end as name_zh,
    case
        when regexp_matches(enterprises.name, '[一-鿿]') then enterprises.name_en
        else coalesce(enterprises.name_en, enterprises.name)
    end as name_en,
    coalesce(on_the_day.region_key, latest.region_key, -1) as region_key,
    coalesce(industries.industry_key, -1) as industry_key,
    enterprises.registered_date,
    -- The first version of an enterprise applies since its registration.
    case
        when enterprises.version_no > 1 then enterprises.version_from
        else least(coalesce(enterprises.registered_date, cast('1900-01-01' as date)), enterprises.version_from)
    end as valid_from,
    coalesce(enterprises.version_to, {{ open_end() }}) as valid_to,
    enterprises.is_newest and coalesce(enterprises.version_to, {{ open_end() }}) = {{ open_end() }} as is_current,
    enterprises.enterprise_type,
    enterprises.registration_state,
    enterprises.is_registered,
    {{ surrogate_key(['enterprises.enterprise_id']) }} as durable_enterprise_key,
    coalesce(enterprises.version_no, 1) as version_no,
    enterprises.is_listed,
    enterprises.address,
    coalesce(enterprises.recorded_from, cast('1900-01-01' as timestamp)) as recorded_from,
    coalesce(enterprises.recorded_to, cast({{ open_end() }} as timestamp)) as recorded_to,
    enterprises.delivery_key,
    enterprises.record_no,
    case when latest.region_key is not null then enterprises.region_method end as region_method,
    enterprises.is_replaced
from located as enterprises
left join {{ ref('int_region_timeline') }} as on_the_day
    on
        enterprises.located_code = on_the_day.anchor_code
        and enterprises.located_date >= on_the_day.anchor_from
        and enterprises.located_date < on_the_day.anchor_to
        and enterprises.located_date >= on_the_day.valid_from
        and enterprises.located_date < on_the_day.valid_to
left join {{ ref('int_regions') }} as latest on enterprises.located_code = latest.region_code and latest.is_latest
left join {{ ref('int_industry_timeline') }} as industries
    on
        enterprises.industry_code = industries.industry_code
        and enterprises.extract_date >= industries.known_from
        and enterprises.extract_date < industries.known_to
