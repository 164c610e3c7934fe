-- Grain: one row per enterprise identity and version of it, and the unknown enterprise.
{{ config(post_hook=["{{ enterprise_as_of() }}", "{{ enterprise_known_at() }}"]) }}
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
        versions.extract_date as last_told
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
        history.last_told
    from {{ ref('stg_enterprise_register__enterprise') }} as published
    inner join {{ ref('int_enterprise_history') }} as history
        on published.delivery_sha256 = history.delivery_sha256 and published.record_no = history.record_no
    where not history.is_newest
),

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
        versions.last_told as extract_date,
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
        enterprises.enterprise_id,
        enterprises.version_no,
        coalesce(enterprises.region_code, registered_at.region_code) as region_code,
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
    {{ version_key(surrogate_key(['enterprises.enterprise_id']), 'enterprises.version_from', 'enterprises.is_newest') }}
        as enterprise_key,
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
    case when latest.region_key is not null then located.region_method end as region_method
from enterprises
inner join located
    on
        enterprises.enterprise_id = located.enterprise_id
        and enterprises.version_no is not distinct from located.version_no
left join {{ ref('int_region_timeline') }} as on_the_day
    on
        located.region_code = on_the_day.anchor_code
        and located.located_date >= on_the_day.anchor_from
        and located.located_date < on_the_day.anchor_to
        and located.located_date >= on_the_day.valid_from
        and located.located_date < on_the_day.valid_to
left join regions as latest on located.region_code = latest.region_code and latest.is_latest
left join {{ ref('int_industry_timeline') }} as industries
    on
        enterprises.industry_code = industries.industry_code
        and enterprises.extract_date >= industries.known_from
        and enterprises.extract_date < industries.known_to
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
