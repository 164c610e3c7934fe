-- Grain: one row per name and registered enterprise that it may be, on which a person has to decide.
with candidates as (
    select
        name_key,
        uscc,
        probability,
        reason,
        evidence
    from {{ ref('int_enterprise_candidates') }}
    where decision = 'review'
    union all
    select
        ladder.name_key,
        aliases.uscc,
        null as probability,
        'ambiguous' as reason,
        ladder.evidence
    from {{ ref('int_enterprise_ladder') }} as ladder
    inner join {{ ref('int_enterprise_aliases') }} as aliases on ladder.name_key = aliases.name_key
    where ladder.method = 'ambiguous'
)

select
    candidates.name_key,
    names.name,
    names.enterprise_id,
    names.enterprise_key,
    codes.enterprise_id as candidate_enterprise_id,
    codes.enterprise_key as candidate_enterprise_key,
    coalesce(versions.enterprise_name_norm, candidates.uscc) as candidate_name,
    max(candidates.probability) as probability,
    min(candidates.reason) as reason,
    min(candidates.evidence) as evidence
from candidates
inner join {{ ref('int_enterprise_names') }} as names on candidates.name_key = names.name_key
inner join {{ ref('int_enterprise_codes') }} as codes on candidates.uscc = codes.uscc
left join {{ ref('int_enterprise_versions') }} as versions on candidates.uscc = versions.uscc
-- Names that people have decided on, or that an alias or a former name resolves, need no decision.
left join {{ ref('int_enterprise_decisions') }} as decided
    on
        candidates.name_key = decided.subject_name_key
        and (decided.decision = 'same' or candidates.uscc = decided.object_uscc)
where
    decided.line_no is null
    and names.enterprise_id <> codes.enterprise_id
    and names.method in ('name_only', 'ambiguous', 'evidence')
group by
    candidates.name_key, names.name, names.enterprise_id, names.enterprise_key, codes.enterprise_id,
    codes.enterprise_key, coalesce(versions.enterprise_name_norm, candidates.uscc)
