-- Grain: one row per enterprise, name key and source that names it.
with decisions as (
    select
        codes.enterprise_id,
        versions.enterprise_name_key as name_key,
        'enterprise_register' as source_id,
        case when codes.is_own then 'uscc' else 'override' end as method,
        cast(null as double) as probability,
        coalesce(codes.override_evidence, versions.uscc) as evidence
    from {{ ref('int_enterprise_versions') }} as versions
    inner join {{ ref('int_enterprise_codes') }} as codes on versions.uscc = codes.uscc
    union all
    select
        case when names.method = 'override' then names.enterprise_id else codes.enterprise_id end as enterprise_id,
        mentions.name_key,
        mentions.source_id,
        case when names.method = 'override' or not codes.is_own then 'override' else 'uscc' end as method,
        null as probability,
        case
            when names.method = 'override' then names.evidence else coalesce(codes.override_evidence, mentions.uscc)
        end as evidence
    from {{ ref('int_enterprise_mentions') }} as mentions
    inner join {{ ref('int_enterprise_codes') }} as codes on mentions.uscc = codes.uscc
    left join {{ ref('int_enterprise_names') }} as names
        on mentions.name_key = names.name_key and names.method = 'override'
    union all
    select
        names.enterprise_id,
        names.name_key,
        mentions.source_id,
        names.method,
        names.score as probability,
        names.evidence
    from {{ ref('int_enterprise_mentions') }} as mentions
    inner join {{ ref('int_enterprise_names') }} as names on mentions.name_key = names.name_key
    where mentions.uscc is null
),

-- A source may name a firm with and without its code; the code is the stronger evidence.
preferred as (
    select
        decisions.enterprise_id,
        decisions.name_key,
        decisions.source_id,
        min(methods.method_rank) as method_rank,
        min_by(decisions.evidence, methods.method_rank) as evidence,
        max(decisions.probability) as probability
    from decisions
    inner join {{ ref('match_methods') }} as methods on decisions.method = methods.match_method
    group by decisions.enterprise_id, decisions.name_key, decisions.source_id
)

select
    preferred.enterprise_id,
    {{ surrogate_key(['preferred.enterprise_id']) }} as enterprise_key,
    preferred.name_key,
    preferred.source_id,
    methods.match_method as method,
    coalesce(methods.score, preferred.probability) as score,
    preferred.evidence
from preferred
inner join {{ ref('match_methods') }} as methods on preferred.method_rank = methods.method_rank
