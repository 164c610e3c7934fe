-- Grain: one row per enterprise with a recent sample, a credit point or a recognition beyond nomination.
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

-- An enterprise about which nothing is known has no score.
known as (
    select enterprise_key from samples
    union
    select enterprise_key from points
    union
    select enterprise_key
    from {{ ref('fct_recognition') }}
    where enterprise_key <> -1 and state <> 'nominated' and not {{ is_exporter_list('scheme_key') }}
)

select
    known.enterprise_key,
    least(caps.value, starts.value + coalesce(points.points, 0)) as score,
    coalesce(points.points_lost, 0) as points_lost,
    cast(coalesce(samples.n_samples, 0) as bigint) as n_samples,
    cast(coalesce(samples.n_fail, 0) as bigint) as n_fail,
    coalesce(points.point_rule_ids, []) as point_rule_ids,
    coalesce(points.recognition_keys, []) as evidence_keys,
    coalesce(points.inspection_keys, []) as inspection_evidence_keys
from known
inner join {{ ref('dim_rule') }} as starts on starts.rule_kind = 'credit_start'
inner join {{ ref('dim_rule') }} as caps on caps.rule_kind = 'credit_cap'
left join samples on known.enterprise_key = samples.enterprise_key
left join points on known.enterprise_key = points.enterprise_key
