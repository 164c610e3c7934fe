-- Grain: one row per enterprise that holds a recognition and scenario: weighting, normalisation and aggregation.
with scored as (
    select
        scores.enterprise_key,
        scores.normalisation,
        weights.variant as weighting,
        aggregations.subject as aggregation,
        case aggregations.subject
            when 'geometric'
                then exp(
                    sum(weights.value * ln(greatest(scores.pillar_score, aggregations.value))) / sum(weights.value)
                )
            else sum(weights.value * scores.pillar_score) / sum(weights.value)
        end as score,
        sum(weights.value * scores.pillar_score) as points,
        sum(weights.value) as weight,
        count(*) as n_pillars
    from {{ ref('fct_pillar_score') }} as scores
    inner join {{ ref('dim_rule') }} as weights
        on weights.rule_kind = 'strength_weight' and scores.pillar = weights.subject
    inner join {{ ref('dim_rule') }} as aggregations on aggregations.rule_kind = 'strength_aggregation'
    group by
        scores.enterprise_key, scores.normalisation, weights.variant, aggregations.subject, aggregations.value
),

weightings as (
    select
        variant as weighting,
        sum(value) as weight
    from {{ ref('dim_rule') }}
    where rule_kind = 'strength_weight'
    group by variant
),

base as (
    select
        max(case subject when 'weighting' then variant end) as weighting,
        max(case subject when 'normalisation' then variant end) as normalisation,
        max(case subject when 'aggregation' then variant end) as aggregation
    from {{ ref('dim_rule') }}
    where rule_kind = 'strength_base'
)

select
    scored.*,
    totals.weight as total_weight,
    scored.weighting = base.weighting
    and scored.normalisation = base.normalisation
    and scored.aggregation = base.aggregation as is_base,
    case
        when scored.n_pillars >= least_pillars.value then rank() over (
            partition by
                scored.weighting,
                scored.normalisation,
                scored.aggregation,
                scored.n_pillars >= least_pillars.value
            -- Sums in another order differ in the last digits, which must not decide a rank.
            order by round(scored.score, 9) desc
        )
    end as strength_rank
from scored
inner join weightings as totals on scored.weighting = totals.weighting
inner join {{ ref('dim_rule') }} as least_pillars on least_pillars.rule_kind = 'strength_min_pillars'
cross join base
