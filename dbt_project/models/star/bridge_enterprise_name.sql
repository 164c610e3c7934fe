-- Grain: one row per enterprise, name key and kind of name.
with names as (
    select
        codes.enterprise_key,
        aliases.name_key,
        case when aliases.name_kind = 'printed_former' then 'former' else aliases.name_kind end as name_kind,
        aliases.name
    from {{ ref('int_enterprise_aliases') }} as aliases
    inner join {{ ref('int_enterprise_codes') }} as codes on aliases.uscc = codes.uscc
    union all
    select
        enterprise_key,
        name_key,
        'as_named' as name_kind,
        name
    from {{ ref('int_enterprise_names') }}
    where method not in ('legal_name', 'former_name', 'alias', 'stated_name')
    union all
    select
        enterprise_key,
        former_name_key as name_key,
        'former' as name_kind,
        former_name as name
    from {{ ref('int_recognition_events') }}
    where former_name_key <> '' and enterprise_key <> -1
)

select
    enterprise_key,
    name_key,
    name_kind,
    min(name) as name
from names
group by enterprise_key, name_key, name_kind
