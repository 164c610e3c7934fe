-- Grain: one row per enterprise that holds a recognition.
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
),

ranked as (
    select
        scored.*,
        whole.weight as whole_weight,
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
                -- Sums in another order differ in the last digits, and no rank may follow from them.
                order by round(scored.score, 9) desc
            )
        end as strength_rank
    from scored
    inner join weightings as whole on scored.weighting = whole.weighting
    inner join {{ ref('dim_rule') }} as least_pillars on least_pillars.rule_kind = 'strength_min_pillars'
    cross join base
),

strengths as (
    select
        enterprise_key,
        max(case when is_base then score end) as score,
        min(score) as score_low,
        max(score) as score_high,
        max(case when is_base then points / whole_weight end) as score_if_missing_worst,
        max(case when is_base then (points + 100 * (whole_weight - weight)) / whole_weight end)
            as score_if_missing_best,
        max(case when is_base then strength_rank end) as strength_rank,
        min(strength_rank) as rank_best,
        median(strength_rank) as rank_median,
        max(strength_rank) as rank_worst,
        count(*) as n_scenarios
    from ranked
    group by enterprise_key
),

ends as (
    select
        rank_best as place,
        1 as n_best,
        0 as n_worst
    from strengths
    where rank_best is not null
    union all
    select
        rank_worst as place,
        0 as n_best,
        1 as n_worst
    from strengths
    where rank_worst is not null
),

ends_at as (
    select
        place,
        sum(n_best) as n_best,
        sum(n_worst) as n_worst
    from ends
    group by place
),

-- How many rank intervals end above a place, and how many begin below it: the others overlap.
rank_ends as (
    select
        place,
        sum(n_worst) over (order by place) - n_worst as n_worst_above,
        sum(n_best) over () - sum(n_best) over (order by place) as n_best_below
    from ends_at
),

pillars as (
    select
        scores.enterprise_key,
        max(case scores.pillar when 'standards' then scores.pillar_score end) as standards_score,
        max(case scores.pillar when 'quality' then scores.pillar_score end) as quality_score,
        max(case scores.pillar when 'innovation' then scores.pillar_score end) as innovation_score,
        max(case scores.pillar when 'credit' then scores.pillar_score end) as credit_score,
        max(case scores.pillar when 'culture' then scores.pillar_score end) as culture_score,
        list(distinct scores.pillar) as known_pillars
    from {{ ref('fct_pillar_score') }} as scores
    inner join base on scores.normalisation = base.normalisation
    group by scores.enterprise_key
),

missing as (
    select
        pillars.enterprise_key,
        list_sort(list(weights.subject)) as missing_pillars
    from pillars
    inner join {{ ref('dim_rule') }} as weights on weights.rule_kind = 'strength_weight'
    inner join base on weights.variant = base.weighting
    where not list_contains(pillars.known_pillars, weights.subject)
    group by pillars.enterprise_key
),

measured as (
    select
        measures.enterprise_key,
        list_sort(list(rules.rule_id) filter (where rules.rule_kind = 'strength_measure')) as rule_ids
    from {{ ref('fct_enterprise_measure') }} as measures
    inner join {{ ref('dim_rule') }} as rules on measures.rule_key = rules.rule_key
    group by measures.enterprise_key
),

-- An enterprise is scored because of what it holds, and its credit rests on what it lost too.
told as (
    select
        measures.enterprise_key,
        measures.evidence_table,
        unnest(measures.evidence_keys) as evidence_key
    from {{ ref('fct_enterprise_measure') }} as measures
    inner join {{ ref('dim_rule') }} as rules on measures.rule_key = rules.rule_key
    where
        measures.evidence_table in ('fct_recognition', 'fct_inspection')
        and (rules.rule_kind = 'strength_measure' or rules.variant = 'count_all')
    union
    select
        enterprise_key,
        evidence_table,
        evidence_key
    from {{ ref('fct_credit_point') }}
),

evidence as (
    select
        enterprise_key,
        list_sort(list(evidence_key) filter (where evidence_table = 'fct_recognition')) as recognition_keys,
        list_sort(list(evidence_key) filter (where evidence_table = 'fct_inspection')) as inspection_keys
    from told
    group by enterprise_key
),

-- What a publisher states stands beside the score and is never part of it.
valuations as (
    select
        events.enterprise_key,
        arg_max(events.stated_amount_cny, events.decided_date) as valuation_cny,
        max(events.decided_date) as valuation_date
    from {{ ref('fct_recognition_event') }} as events
    inner join {{ ref('bridge_rule_scheme') }} as covered on events.scheme_key = covered.scheme_key
    inner join {{ ref('dim_rule') }} as rules on covered.rule_key = rules.rule_key and rules.rule_kind = 'valuation'
    where
        events.stated_amount_cny is not null
        and events.event_type = 'grant'
        and events.decided_date <= {{ as_of() }}
    group by events.enterprise_key
)

select
    strengths.enterprise_key,
    enterprises.name_zh as enterprise_name,
    regions.region_code,
    industries.section_code as industry_code,
    pillars.standards_score,
    pillars.quality_score,
    pillars.innovation_score,
    pillars.credit_score,
    pillars.culture_score,
    coalesce(missing.missing_pillars, []) as missing_pillars,
    strengths.score as strength_score,
    strengths.score_low,
    strengths.score_high,
    strengths.score_if_missing_worst,
    strengths.score_if_missing_best,
    strengths.strength_rank,
    strengths.rank_best,
    strengths.rank_median,
    strengths.rank_worst,
    cast(count(strengths.strength_rank) over () as bigint) as n_ranked,
    cast(
        count(strengths.strength_rank) over () - 1 - at_best.n_worst_above - at_worst.n_best_below as bigint
    ) as n_overlapping,
    strengths.n_scenarios,
    valuations.valuation_cny,
    valuations.valuation_date,
    measured.rule_ids,
    coalesce(evidence.recognition_keys, []) as evidence_keys,
    coalesce(evidence.inspection_keys, []) as inspection_evidence_keys
from strengths
inner join pillars on strengths.enterprise_key = pillars.enterprise_key
inner join measured on strengths.enterprise_key = measured.enterprise_key
inner join evidence on strengths.enterprise_key = evidence.enterprise_key
left join missing on strengths.enterprise_key = missing.enterprise_key
left join rank_ends as at_best on strengths.rank_best = at_best.place
left join rank_ends as at_worst on strengths.rank_worst = at_worst.place
left join valuations on strengths.enterprise_key = valuations.enterprise_key
left join {{ ref('dim_enterprise') }} as enterprises on strengths.enterprise_key = enterprises.enterprise_key
left join {{ ref('dim_region') }} as regions on enterprises.region_key = regions.region_key
left join {{ ref('dim_industry') }} as stated on enterprises.industry_key = stated.industry_key
left join {{ ref('dim_industry') }} as industries on stated.today_industry_key = industries.industry_key
