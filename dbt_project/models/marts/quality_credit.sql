-- Grain: one row per enterprise with an inspected sample or a recognition.
with samples as (
    select
        inspections.producer_enterprise_key as enterprise_key,
        count(*) as n_samples,
        sum(case inspections.result when 'fail' then 1 else 0 end) as n_fail
    from {{ ref('fct_inspection') }} as inspections
    inner join {{ ref('dim_rule') }} as rules on rules.rule_id = 'credit_failing_sample'
    where
        inspections.producer_enterprise_key <> -1
        and inspections.notice_date <= {{ as_of() }}
        and inspections.notice_date > {{ as_of() }} - rules.window_months * interval '1' month
    group by inspections.producer_enterprise_key
),

points as (
    select
        credit.enterprise_key,
        sum(credit.points) as points,
        sum(case when credit.points < 0 then credit.points else 0 end) as points_lost,
        list_sort(list(distinct rules.rule_id)) as point_rule_ids,
        list_sort(list(credit.evidence_key) filter (
            where credit.evidence_table = 'fct_recognition'
        )) as recognition_keys,
        list_sort(list(credit.evidence_key) filter (
            where credit.evidence_table = 'fct_inspection'
        )) as inspection_keys
    from {{ ref('fct_credit_point') }} as credit
    inner join {{ ref('dim_rule') }} as rules on credit.rule_key = rules.rule_key
    group by credit.enterprise_key
),

-- Nobody is graded of whom nothing is known.
known as (
    select enterprise_key from samples
    union
    select enterprise_key from points
    union
    select enterprise_key
    from {{ ref('fct_recognition') }}
    where enterprise_key <> -1 and state <> 'nominated' and not {{ is_exporter_list('scheme_key') }}
),

scored as (
    select
        known.enterprise_key,
        least(caps.value, starts.value + coalesce(points.points, 0)) as score,
        coalesce(samples.n_samples, 0) as n_samples,
        coalesce(samples.n_fail, 0) as n_fail,
        coalesce(points.points_lost, 0) as points_lost,
        points.point_rule_ids,
        points.recognition_keys,
        points.inspection_keys
    from known
    inner join {{ ref('dim_rule') }} as starts on starts.rule_kind = 'credit_start'
    inner join {{ ref('dim_rule') }} as caps on caps.rule_kind = 'credit_cap'
    left join samples on known.enterprise_key = samples.enterprise_key
    left join points on known.enterprise_key = points.enterprise_key
),

graded as (
    select
        scored.*,
        grades.subject as grade,
        grades.rule_id,
        row_number() over (partition by scored.enterprise_key order by grades.value desc) as place
    from scored
    inner join {{ ref('dim_rule') }} as grades on grades.rule_kind = 'credit_grade' and scored.score >= grades.value
)

select
    graded.enterprise_key,
    enterprises.name_zh as enterprise_name,
    enterprises.uscc,
    regions.region_code,
    graded.grade,
    graded.score,
    graded.points_lost,
    cast(graded.n_samples as bigint) as n_samples,
    cast(graded.n_fail as bigint) as n_fail,
    graded.n_samples < small_cells.value as is_small_cell,
    graded.rule_id,
    coalesce(graded.point_rule_ids, []) as point_rule_ids,
    coalesce(graded.recognition_keys, []) as evidence_keys,
    coalesce(graded.inspection_keys, []) as inspection_evidence_keys
from graded
inner join {{ ref('dim_rule') }} as small_cells on small_cells.rule_kind = 'small_cell'
left join {{ ref('dim_enterprise') }} as enterprises on graded.enterprise_key = enterprises.enterprise_key
left join {{ ref('dim_region') }} as regions on enterprises.region_key = regions.region_key
where graded.place = 1
