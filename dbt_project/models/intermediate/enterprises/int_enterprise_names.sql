-- Grain: one row per name key under which an enterprise is named without a code, with the enterprise it resolves to.
with linked as (
    select
        ladder.*,
        coalesce(ladder.uscc, candidates.uscc) as linked_uscc,
        case when candidates.uscc is not null then 'evidence' else ladder.method end as linked_method,
        candidates.probability,
        candidates.evidence as candidate_evidence
    from {{ ref('int_enterprise_ladder') }} as ladder
    left join {{ ref('int_enterprise_candidates') }} as candidates
        on ladder.name_key = candidates.name_key and candidates.decision = 'link'
),

own as (
    select
        linked.*,
        coalesce(
            codes.enterprise_id,
            -- Names with the same canonical key are one enterprise, unless registered firms have that key.
            'NAME:' || case
                when linked.method = 'name_only' and coalesce(linked.n_canonical, 0) = 0
                    then coalesce(linked.canonical_key, linked.name_key)
                else linked.name_key
            end
        ) as own_id
    from linked
    left join {{ ref('int_enterprise_codes') }} as codes on linked.linked_uscc = codes.uscc
),

redirects as (
    select * from {{ ref('int_enterprise_redirects') }}
),

followed as (
    select
        own.name_key,
        own.name,
        own.name_en,
        own.n_codes,
        own.n_canonical,
        own.canonical_key,
        own.probability,
        case when redirect_codes.uscc is null then target.name_key end as target_name_key,
        coalesce(redirect_codes.enterprise_id, target.own_id, own.own_id) as followed_id,
        coalesce(redirects.method, own.linked_method) as method,
        coalesce(redirects.evidence, own.candidate_evidence, own.evidence) as evidence
    from own
    -- An override takes precedence; an alias or a former name applies only where the name itself leads to no code.
    left join redirects
        on
            own.name_key = redirects.name_key
            and (redirects.method = 'override' or own.linked_uscc is null)
    left join own as target on redirects.target_name_key = target.name_key
    left join {{ ref('int_enterprise_codes') }} as redirect_codes on redirects.target_uscc = redirect_codes.uscc
),

separated as (
    select
        decisions.subject_name_key as name_key,
        min(decisions.evidence) as evidence
    from {{ ref('int_enterprise_decisions') }} as decisions
    inner join followed as subjects on decisions.subject_name_key = subjects.name_key
    left join followed as objects on decisions.object_name_key = objects.name_key
    left join {{ ref('int_enterprise_codes') }} as codes on decisions.object_uscc = codes.uscc
    where
        decisions.decision = 'different'
        and subjects.followed_id = coalesce(codes.enterprise_id, objects.followed_id)
    group by decisions.subject_name_key
),

named as (
    select
        followed.*,
        separated.evidence as separated_evidence,
        case
            when separated.name_key is not null then 'NAME:' || followed.name_key
            -- A name that leads to a separated name is the same enterprise as that name.
            when separated_targets.name_key is not null then 'NAME:' || followed.target_name_key
            else followed.followed_id
        end as enterprise_id
    from followed
    left join separated on followed.name_key = separated.name_key
    left join separated as separated_targets on followed.target_name_key = separated_targets.name_key
)

select
    {{ surrogate_key(['named.enterprise_id']) }} as enterprise_key,
    named.enterprise_id,
    named.name_key,
    named.name,
    named.name_en,
    named.canonical_key,
    case when named.separated_evidence is null then named.method else 'override' end as method,
    named.n_codes,
    case
        when named.separated_evidence is not null then 1.0
        when named.method = 'evidence' then named.probability
        else scores.score
    end as score,
    coalesce(named.separated_evidence, named.evidence) as evidence
from named
left join {{ ref('match_methods') }} as scores on named.method = scores.match_method
