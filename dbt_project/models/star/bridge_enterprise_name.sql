-- Grain: one row per enterprise, name key and kind of name.
with names as (
    select
        {{ surrogate_key(["'USCC:' || uscc"]) }} as enterprise_key,
        name_key,
        name_kind,
        name
    from {{ ref('int_enterprise_aliases') }}
    union all
    select
        enterprise_key,
        name_key,
        'as_named' as name_kind,
        name
    from {{ ref('int_enterprise_names') }}
    where method in ('name_only', 'ambiguous')
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
