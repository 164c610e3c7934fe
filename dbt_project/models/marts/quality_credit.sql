-- Grain: one row per enterprise with a credit score.
with graded as (
    select
        scores.*,
        grades.subject as grade,
        grades.rule_id,
        row_number() over (partition by scores.enterprise_key order by grades.value desc) as grade_rank
    from {{ ref('fct_credit_score') }} as scores
    inner join {{ ref('dim_rule') }} as grades on grades.rule_kind = 'credit_grade' and scores.score >= grades.value
)

select
    graded.enterprise_key,
    enterprises.name_zh as enterprise_name,
    enterprises.uscc,
    regions.region_code,
    graded.grade,
    graded.score,
    graded.points_lost,
    graded.n_samples,
    graded.n_fail,
    graded.n_samples < small_cells.value as is_small_cell,
    graded.rule_id,
    graded.point_rule_ids,
    graded.evidence_keys,
    graded.inspection_evidence_keys
from graded
inner join {{ ref('dim_rule') }} as small_cells on small_cells.rule_kind = 'small_cell'
left join {{ ref('dim_enterprise') }} as enterprises on graded.enterprise_key = enterprises.enterprise_key
left join {{ ref('dim_region') }} as regions on enterprises.region_key = regions.region_key
where graded.grade_rank = 1
