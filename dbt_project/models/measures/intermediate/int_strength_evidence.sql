-- Grain: one row per enterprise that holds a recognition, with the rules and evidence of its strength.
with measured as (
    select
        measures.enterprise_key,
        list_sort(list(rules.rule_id) filter (where rules.rule_kind = 'strength_measure')) as rule_ids
    from {{ ref('fct_enterprise_measure') }} as measures
    inner join {{ ref('dim_rule') }} as rules on measures.rule_key = rules.rule_key
    group by measures.enterprise_key
),

-- An enterprise is scored because of the recognitions that it holds; its credit also depends on those that it lost.
evidence_rows as (
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
    from evidence_rows
    group by enterprise_key
)

select
    measured.enterprise_key,
    measured.rule_ids,
    coalesce(evidence.recognition_keys, []) as recognition_keys,
    coalesce(evidence.inspection_keys, []) as inspection_keys
from measured
inner join evidence on measured.enterprise_key = evidence.enterprise_key
