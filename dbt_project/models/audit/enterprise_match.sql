-- Grain: one row per enterprise, name key and source that names it.
with decisions as (
    select
        'USCC:' || uscc as enterprise_id,
        enterprise_name_key as name_key,
        'enterprise_register' as source_id,
        'uscc' as method,
        uscc as evidence
    from {{ ref('int_enterprise_versions') }}
    union all
    select
        'USCC:' || uscc as enterprise_id,
        name_key,
        source_id,
        'uscc' as method,
        uscc as evidence
    from {{ ref('int_enterprise_mentions') }}
    where uscc is not null
    union all
    select
        names.enterprise_id,
        names.name_key,
        mentions.source_id,
        names.method,
        case names.method
            when 'legal_name' then 'registered name of ' || substr(names.enterprise_id, 6)
            when 'former_name' then 'former name of ' || substr(names.enterprise_id, 6)
            when 'ambiguous' then 'borne by ' || cast(names.n_bearers as varchar) || ' registered enterprises'
        end as evidence
    from {{ ref('int_enterprise_mentions') }} as mentions
    inner join {{ ref('int_enterprise_names') }} as names on mentions.name_key = names.name_key
    where mentions.uscc is null
),

-- A source may name a firm with and without its code; the code is the stronger evidence.
preferred as (
    select
        enterprise_id,
        name_key,
        source_id,
        min(
            case method
                when 'uscc' then 1 when 'legal_name' then 2 when 'former_name' then 3 when 'ambiguous' then 4 else 5
            end
        ) as method_rank,
        min(evidence) as evidence
    from decisions
    group by enterprise_id, name_key, source_id
)

select
    enterprise_id,
    {{ surrogate_key(['enterprise_id']) }} as enterprise_key,
    name_key,
    source_id,
    case method_rank
        when 1 then 'uscc' when 2 then 'legal_name' when 3 then 'former_name' when 4 then 'ambiguous' else 'name_only'
    end as method,
    cast(case method_rank when 1 then 1.0 when 2 then 0.99 when 3 then 0.95 end as double) as score,
    evidence
from preferred
