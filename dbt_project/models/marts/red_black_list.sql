-- Grain: one row per enterprise on the red or the black list.
-- An enterprise that has neither lost nor gained a point is on neither list.
with scored as (
    select
        enterprise_key,
        score,
        points_lost < 0 as has_lost,
        inspection_evidence_keys as inspection_keys
    from {{ ref('fct_credit_score') }}
    where len(point_rule_ids) > 0
),

losses as (
    select
        enterprise_key,
        list_sort(list(evidence_key)) as recognition_keys
    from {{ ref('fct_credit_point') }}
    where evidence_table = 'fct_recognition' and points < 0
    group by enterprise_key
),

holders as (
    select
        recognitions.enterprise_key,
        covered.rule_key,
        list_sort(list(recognitions.recognition_key)) as recognition_keys
    from {{ ref('fct_recognition') }} as recognitions
    inner join {{ ref('bridge_rule_scheme') }} as covered on recognitions.scheme_key = covered.scheme_key
    where recognitions.state in ('held', 'conditional')
    group by recognitions.enterprise_key, covered.rule_key
),

listed as (
    select
        scored.enterprise_key,
        scored.score,
        rules.subject as list,
        rules.rule_id,
        rules.source_document,
        case rules.subject when 'red' then holders.recognition_keys else losses.recognition_keys end as evidence_keys,
        case rules.subject when 'black' then scored.inspection_keys end as inspection_keys
    from scored
    inner join {{ ref('dim_rule') }} as rules
        on
            rules.rule_kind = 'credit_list'
            and case rules.subject
                when 'red' then scored.score >= rules.value and not scored.has_lost
                else scored.score < rules.value
            end
    left join losses on scored.enterprise_key = losses.enterprise_key
    left join holders on scored.enterprise_key = holders.enterprise_key and rules.rule_key = holders.rule_key
    where rules.subject = 'black' or holders.enterprise_key is not null
)

select
    listed.enterprise_key,
    enterprises.name_zh as enterprise_name,
    enterprises.uscc,
    regions.region_code,
    listed.list,
    listed.score,
    listed.rule_id,
    listed.source_document,
    coalesce(listed.evidence_keys, []) as evidence_keys,
    coalesce(listed.inspection_keys, []) as inspection_evidence_keys
from listed
left join {{ ref('dim_enterprise') }} as enterprises on listed.enterprise_key = enterprises.enterprise_key
left join {{ ref('dim_region') }} as regions on enterprises.region_key = regions.region_key
