-- Grain: one row per id that an enterprise has or can have had, and enterprise of today that it leads to.
with names as (
    select
        name_key,
        canonical_key,
        enterprise_id
    from {{ ref('int_enterprise_names') }}
    union all
    -- A registered name may have had an id of its own before a register extract contained it.
    select
        aliases.name_key,
        parts.canonical_key,
        codes.enterprise_id
    from {{ ref('int_enterprise_aliases') }} as aliases
    inner join {{ ref('int_enterprise_codes') }} as codes on aliases.uscc = codes.uscc
    left join {{ ref('int_enterprise_name_parts') }} as parts on aliases.name_key = parts.name_key
    where aliases.name_key not in (select known.name_key from {{ ref('int_enterprise_names') }} as known)
),

ids as (
    select
        'USCC:' || uscc as enterprise_id,
        enterprise_id as current_enterprise_id
    from {{ ref('int_enterprise_codes') }}
    union
    select
        'NAME:' || name_key as enterprise_id,
        enterprise_id as current_enterprise_id
    from names
    union
    select
        'NAME:' || canonical_key as enterprise_id,
        enterprise_id as current_enterprise_id
    from names
    where canonical_key is not null
),

counted as (
    select
        *,
        count(*) over (partition by enterprise_id) as n_current
    from ids
)

select
    enterprise_id,
    current_enterprise_id,
    {{ surrogate_key(['current_enterprise_id']) }} as current_enterprise_key,
    case
        when n_current > 1 then 'split'
        when enterprise_id = current_enterprise_id then 'current'
        else 'merged'
    end as id_state
from counted
