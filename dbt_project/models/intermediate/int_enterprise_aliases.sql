-- Grain: one row per name key and credit code that bears or bore it.
with names as (
    select
        versions.uscc,
        versions.enterprise_name_key as name_key,
        versions.enterprise_name as name,
        'legal' as name_kind
    from {{ ref('int_enterprise_versions') }} as versions
    union all
    -- What an older extract calls the enterprise is a former name, unless it is today's.
    select
        uscc,
        enterprise_name_key as name_key,
        enterprise_name as name,
        'former' as name_kind
    from {{ ref('stg_enterprise_register__enterprise') }}
    union all
    select
        register.uscc,
        former.former_name_key as name_key,
        former.former_name as name,
        'former' as name_kind
    from {{ ref('stg_enterprise_register__former_name') }} as former
    inner join {{ ref('stg_enterprise_register__enterprise') }} as register
        on former.delivery_sha256 = register.delivery_sha256 and former.record_no = register.record_no
    union all
    select
        uscc,
        name_key,
        name,
        'legal' as name_kind
    from {{ ref('int_enterprise_mentions') }}
    where uscc is not null
)

select
    name_key,
    uscc,
    case when max(case name_kind when 'legal' then 1 else 0 end) = 1 then 'legal' else 'former' end as name_kind,
    min(name) as name
from names
where name_key <> ''
group by name_key, uscc
