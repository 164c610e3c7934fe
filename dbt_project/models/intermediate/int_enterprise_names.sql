-- Grain: one row per name key under which an enterprise is named without a credit code, with the identity it takes.
with names as (
    select
        name_key,
        min(name) as name,
        min(name_en) as name_en
    from {{ ref('int_enterprise_mentions') }}
    where uscc is null
    group by name_key
),

bearers as (
    select
        name_key,
        count(*) as n_bearers,
        min(uscc) as uscc,
        max(name_kind) as name_kind
    from {{ ref('int_enterprise_aliases') }}
    group by name_key
),

identified as (
    select
        names.name_key,
        names.name,
        names.name_en,
        bearers.uscc as bearer_uscc,
        case
            when bearers.n_bearers is null then 'name_only'
            when bearers.n_bearers > 1 then 'ambiguous'
            when bearers.name_kind = 'legal' then 'legal_name'
            else 'former_name'
        end as method,
        coalesce(bearers.n_bearers, 0) as n_bearers
    from names
    left join bearers on names.name_key = bearers.name_key
),

named as (
    select
        *,
        case when method in ('legal_name', 'former_name') then 'USCC:' || bearer_uscc else 'NAME:' || name_key end
            as enterprise_id
    from identified
)

select
    {{ surrogate_key(['enterprise_id']) }} as enterprise_key,
    enterprise_id,
    name_key,
    name,
    name_en,
    method,
    n_bearers
from named
