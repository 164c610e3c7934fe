-- Grain: one row per enterprise identity, and the unknown enterprise.
with registered as (
    select
        'USCC:' || versions.uscc as enterprise_id,
        versions.uscc,
        versions.enterprise_name_norm as name,
        versions.enterprise_name_en as name_en,
        versions.enterprise_type,
        versions.registration_state,
        versions.registered_date,
        versions.region_code,
        versions.extract_date,
        case
            when length(versions.industry_code) > 1 then regexp_replace(versions.industry_code, '^[A-T]', '') else
                versions.industry_code
        end as industry_code
    from {{ ref('int_enterprise_versions') }} as versions
),

-- A credit code stated elsewhere identifies a firm that no register extract holds.
coded as (
    select
        'USCC:' || mentions.uscc as enterprise_id,
        mentions.uscc,
        min(mentions.name) as name,
        min(mentions.name_en) as name_en
    from {{ ref('int_enterprise_mentions') }} as mentions
    where
        mentions.uscc is not null
        and mentions.uscc not in (select versions.uscc from {{ ref('int_enterprise_versions') }} as versions)
    group by mentions.uscc
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
        null as industry_code,
        false as is_registered
    from {{ ref('int_enterprise_names') }} as named
    where named.method in ('name_only', 'ambiguous')
),

regions as (
    select * from {{ ref('int_regions') }}
),

-- Gone from the whole register, and in no extract of a later day.
vanished as (
    select
        record_key as uscc,
        valid_from as vanished_date
    from {{ ref('int_list_changes') }}
    where source_id = 'enterprise_register' and change = 'vanished' and is_latest
)

select
    {{ surrogate_key(['enterprises.enterprise_id']) }} as enterprise_key,
    enterprises.enterprise_id,
    enterprises.uscc,
    case when regexp_matches(enterprises.name, '[一-鿿]') then enterprises.name end as name_zh,
    case
        when regexp_matches(enterprises.name, '[一-鿿]') then enterprises.name_en
        else coalesce(enterprises.name_en, enterprises.name)
    end as name_en,
    coalesce(at_extract.region_key, latest.region_key, -1) as region_key,
    coalesce(industries.industry_key, -1) as industry_key,
    enterprises.registered_date,
    coalesce(enterprises.registered_date, cast('1900-01-01' as date)) as valid_from,
    coalesce(vanished.vanished_date, {{ open_end() }}) as valid_to,
    vanished.uscc is null as is_current,
    enterprises.enterprise_type,
    enterprises.registration_state,
    enterprises.is_registered
from enterprises
left join regions as at_extract
    on
        enterprises.region_code = at_extract.region_code
        and enterprises.extract_date >= at_extract.valid_from
        and enterprises.extract_date < at_extract.valid_to
left join regions as latest on enterprises.region_code = latest.region_code and latest.is_latest
left join vanished on enterprises.uscc = vanished.uscc and enterprises.extract_date < vanished.vanished_date
left join {{ ref('dim_industry') }} as industries on enterprises.industry_code = industries.industry_code
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
    false as is_registered
