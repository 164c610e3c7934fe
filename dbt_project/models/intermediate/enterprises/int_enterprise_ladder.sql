-- Grain: one row per name key under which an enterprise is named without a code, with the code that it resolves to.
with names as (
    select
        name_key,
        min(name) as name,
        min(name_en) as name_en
    from {{ ref('int_enterprise_mentions') }}
    where uscc is null
    group by name_key
),

known_names as (
    select
        name_key,
        count(*) filter (where is_reliable) as n_reliable,
        min(uscc) filter (where is_reliable) as reliable_uscc,
        max(name_kind) filter (where is_reliable) as reliable_kind,
        count(*) as n_codes,
        min(uscc) as stated_uscc
    from {{ ref('int_enterprise_aliases') }}
    group by name_key
),

-- X有限公司(原Y有限公司) where the register has only Y.
renamed as (
    select
        decisions.recipient_name_key as name_key,
        min(known_names.reliable_uscc) as uscc,
        min(decisions.former_name) as former_name
    from {{ ref('stg_recognition_list__decision') }} as decisions
    inner join known_names on decisions.former_name_key = known_names.name_key and known_names.n_reliable = 1
    group by decisions.recipient_name_key
    having count(distinct known_names.reliable_uscc) = 1
),

parts as (
    select * from {{ ref('int_enterprise_name_parts') }}
),

canonical as (
    select
        parts.canonical_key,
        count(distinct aliases.uscc) as n_codes,
        min(aliases.uscc) as uscc,
        min(aliases.name) as name
    from {{ ref('int_enterprise_aliases') }} as aliases
    inner join parts on aliases.name_key = parts.name_key
    where aliases.is_reliable
    group by parts.canonical_key
),

resolved as (
    select
        names.*,
        parts.canonical_key,
        canonical.n_codes as n_canonical,
        canonical.name as canonical_name,
        renamed.former_name,
        coalesce(nullif(known_names.n_reliable, 0), known_names.n_codes, 0) as n_codes,
        case
            when known_names.n_reliable = 1 and known_names.reliable_kind = 'legal' then 'legal_name'
            when known_names.n_reliable = 1 and known_names.reliable_kind = 'former' then 'former_name'
            when known_names.n_reliable = 1 then 'alias'
            when known_names.n_reliable > 1 then 'ambiguous'
            when known_names.n_codes = 1 then 'stated_name'
            when known_names.n_codes > 1 then 'ambiguous'
            when renamed.uscc is not null then 'printed_former_name'
            when canonical.n_codes = 1 then 'canonical_name'
            else 'name_only'
        end as method,
        coalesce(
            case when known_names.n_reliable > 0 then known_names.reliable_uscc else known_names.stated_uscc end,
            renamed.uscc, canonical.uscc
        ) as candidate_uscc
    from names
    left join known_names on names.name_key = known_names.name_key
    left join renamed on names.name_key = renamed.name_key
    left join parts on names.name_key = parts.name_key
    left join canonical on parts.canonical_key = canonical.canonical_key
)

select
    name_key,
    name,
    name_en,
    canonical_key,
    n_codes,
    n_canonical,
    method,
    case when method not in ('ambiguous', 'name_only') then candidate_uscc end as uscc,
    case method
        when 'legal_name' then 'registered name of ' || candidate_uscc
        when 'former_name' then 'former name of ' || candidate_uscc
        when 'alias' then 'declared alias of ' || candidate_uscc
        when 'stated_name' then 'printed elsewhere with code ' || candidate_uscc
        when 'printed_former_name'
            then 'printed as formerly ' || former_name || ', registered name of ' || candidate_uscc
        when 'canonical_name'
            then canonical_key || ' as ' || canonical_name || ', registered name of ' || candidate_uscc
        when 'ambiguous' then 'borne by ' || cast(n_codes as varchar) || ' registered enterprises'
    end as evidence
from resolved
