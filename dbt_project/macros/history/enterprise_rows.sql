{# What the records of enterprises say, for the versions that hold and for what they replaced alike. #}

{# Published records with the period of the version, or of the replaced state, that each makes. #}
{% macro published_extracts() -%}
select
    published.*,
    history.version_no,
    history.version_from,
    history.version_to,
    history.recorded_from,
    history.recorded_to,
    false as is_newest,
    history.is_listed,
    history.last_stated_on
from {{ ref('stg_enterprise_register__enterprise') }} as published
inner join {{ ref('int_enterprise_history') }} as history
    on published.delivery_sha256 = history.delivery_sha256 and published.record_no = history.record_no
{%- endmacro %}

{# The relation `registered`, from the relation `extracts`: records of the register with their periods. #}
{% macro registered_enterprises() -%}
registered as (
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
),
{%- endmacro %}

{# Rows of dim_enterprise with this key, from the relation `enterprises`. #}
{% macro located_enterprises(key) -%}
regions as (
    select * from {{ ref('int_regions') }}
),

-- Digits 3-8 of a credit code, 1-6 of an old number, are the registration office's region when the code was given; an
-- office of a zone has a code of its own, known by its city or province.
coded_at as (
    select distinct
        uscc,
        case length(uscc) when 18 then substr(uscc, 3, 6) when 15 then left(uscc, 6) end as office_code
    from enterprises
    where uscc is not null and region_code is null
),

offices as (
    select
        wider.office_code,
        max(regions.region_code) as region_code
    from (
        select
            office_code,
            unnest([office_code, left(office_code, 4) || '00', left(office_code, 2) || '0000']) as region_code
        from (select distinct coded_at.office_code from coded_at) as known
    ) as wider
    inner join regions on wider.region_code = regions.region_code and regions.level <> '国家'
    group by wider.office_code
),

registered_at as (
    select
        coded_at.uscc,
        offices.region_code
    from coded_at
    inner join offices on coded_at.office_code = offices.office_code
),

located as (
    select
        enterprises.*,
        coalesce(enterprises.region_code, registered_at.region_code) as located_code,
        case when enterprises.region_code is null then enterprises.registered_date else enterprises.extract_date end
            as located_date,
        case
            when enterprises.region_code is not null then 'register'
            when registered_at.region_code is not null then 'uscc'
        end as region_method
    from enterprises
    left join registered_at on enterprises.uscc = registered_at.uscc
)

select
    {{ key }} as enterprise_key,
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
    -- The first extract of an enterprise tells of it since its registration.
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
    case when latest.region_key is not null then enterprises.region_method end as region_method
from located as enterprises
left join {{ ref('int_region_timeline') }} as on_the_day
    on
        enterprises.located_code = on_the_day.anchor_code
        and enterprises.located_date >= on_the_day.anchor_from
        and enterprises.located_date < on_the_day.anchor_to
        and enterprises.located_date >= on_the_day.valid_from
        and enterprises.located_date < on_the_day.valid_to
left join regions as latest on enterprises.located_code = latest.region_code and latest.is_latest
left join {{ ref('int_industry_timeline') }} as industries
    on
        enterprises.industry_code = industries.industry_code
        and enterprises.extract_date >= industries.known_from
        and enterprises.extract_date < industries.known_to
{%- endmacro %}
