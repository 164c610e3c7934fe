-- Grain: one row per enterprise that holds a recognition.
with base as (
    select
        subject,
        variant
    from {{ ref('dim_rule') }}
    where rule_kind = 'strength_base'
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
    inner join base on base.subject = 'normalisation' and scores.normalisation = base.variant
    group by scores.enterprise_key
),

missing as (
    select
        pillars.enterprise_key,
        list_sort(list(weights.subject)) as missing_pillars
    from pillars
    inner join {{ ref('dim_rule') }} as weights on weights.rule_kind = 'strength_weight'
    inner join base on base.subject = 'weighting' and weights.variant = base.variant
    where not list_contains(pillars.known_pillars, weights.subject)
    group by pillars.enterprise_key
),

-- A brand value that a publisher states is shown next to the score and is never part of it.
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
    strengths.n_ranked,
    strengths.n_overlapping,
    strengths.n_scenarios,
    valuations.valuation_cny,
    valuations.valuation_date,
    evidence.rule_ids,
    evidence.recognition_keys as evidence_keys,
    evidence.inspection_keys as inspection_evidence_keys
from {{ ref('int_strength_ranks') }} as strengths
inner join pillars on strengths.enterprise_key = pillars.enterprise_key
inner join {{ ref('int_strength_evidence') }} as evidence on strengths.enterprise_key = evidence.enterprise_key
left join missing on strengths.enterprise_key = missing.enterprise_key
left join valuations on strengths.enterprise_key = valuations.enterprise_key
left join {{ ref('dim_enterprise') }} as enterprises on strengths.enterprise_key = enterprises.enterprise_key
left join {{ ref('dim_region') }} as regions on enterprises.region_key = regions.region_key
left join {{ ref('dim_industry') }} as stated on enterprises.industry_key = stated.industry_key
left join {{ ref('dim_industry') }} as industries on stated.today_industry_key = industries.industry_key
