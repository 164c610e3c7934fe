-- Grain: one row per enterprise, name key and source that names it.
with registered as (
    select
        codes.enterprise_id,
        versions.enterprise_name_key as name_key,
        'enterprise_register' as source_id,
        case when codes.is_own then 'uscc' else 'override' end as method,
        coalesce(codes.override_evidence, versions.uscc) as evidence
    from {{ ref('int_enterprise_versions') }} as versions
    inner join {{ ref('int_enterprise_codes') }} as codes on versions.uscc = codes.uscc
),

coded as (
    select
        case when names.method = 'override' then names.enterprise_id else codes.enterprise_id end as enterprise_id,
        mentions.name_key,
        mentions.source_id,
        case when names.method = 'override' or not codes.is_own then 'override' else 'uscc' end as method,
        case
            when names.method = 'override' then names.evidence else coalesce(codes.override_evidence, mentions.uscc)
        end as evidence
    from {{ ref('int_enterprise_mentions') }} as mentions
    inner join {{ ref('int_enterprise_codes') }} as codes on mentions.uscc = codes.uscc
    left join {{ ref('int_enterprise_names') }} as names
        on mentions.name_key = names.name_key and names.method = 'override'
),

named as (
    select * from registered
    union all
    select * from coded
),

-- A firm may be named with several codes that people have decided are one firm.
preferred as (
    select
        named.*,
        row_number() over (
            partition by named.enterprise_id, named.name_key, named.source_id
            order by methods.method_rank, named.evidence
        ) as preference
    from named
    inner join {{ ref('match_methods') }} as methods on named.method = methods.match_method
),

-- A source may name a firm with and without its code; the code is the stronger evidence.
uncoded as (
    select
        names.enterprise_id,
        names.name_key,
        mentions.source_id,
        names.method,
        names.score as probability,
        names.evidence
    from {{ ref('int_enterprise_mentions') }} as mentions
    inner join {{ ref('int_enterprise_names') }} as names on mentions.name_key = names.name_key
    where
        mentions.uscc is null
        and not exists (
            select 1 from coded
            where
                coded.enterprise_id = names.enterprise_id
                and coded.name_key = names.name_key
                and coded.source_id = mentions.source_id
        )
),

decisions as (
    select
        enterprise_id,
        name_key,
        source_id,
        method,
        cast(null as double) as probability,
        evidence
    from preferred
    where preference = 1
    union all
    select * from uncoded
)

select
    decisions.enterprise_id,
    {{ surrogate_key(['decisions.enterprise_id']) }} as enterprise_key,
    decisions.name_key,
    decisions.source_id,
    decisions.method,
    coalesce(methods.score, decisions.probability) as score,
    decisions.evidence
from decisions
inner join {{ ref('match_methods') }} as methods on decisions.method = methods.match_method
