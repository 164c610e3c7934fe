-- Grain: one row per enterprise that holds a recognition and measure known for it, on the as-of date.
with rules as (
    select * from {{ ref('dim_rule') }}
    where rule_kind in ('strength_measure', 'benchmark_measure')
),

holders as (
    select distinct enterprise_key from {{ ref('int_held_recognitions') }}
),

sampled as (
    select
        inspections.producer_enterprise_key as enterprise_key,
        rules.rule_key,
        {{ wilson_low("sum(case inspections.result when 'pass' then 1 else 0 end)", 'count(*)') }} as value,
        count(*) as n_evidence,
        'fct_inspection' as evidence_table,
        list_sort(list(inspections.inspection_key)) as evidence_keys
    from {{ ref('fct_inspection') }} as inspections
    inner join holders on inspections.producer_enterprise_key = holders.enterprise_key
    inner join rules on rules.variant = 'pass_rate_low'
    where
        inspections.is_from_full_notice
        and inspections.notice_date <= {{ as_of() }}
        and inspections.notice_date > {{ as_of() }} - rules.window_months * interval '1' month
    group by inspections.producer_enterprise_key, rules.rule_key
),

-- A holder of a recognition always has a score, at least the start value.
credited as (
    select
        holders.enterprise_key,
        rules.rule_key,
        scores.score as value,
        len(scores.evidence_keys) + len(scores.inspection_evidence_keys) as n_evidence,
        'fct_credit_point' as evidence_table,
        list_sort(list_concat(scores.evidence_keys, scores.inspection_evidence_keys)) as evidence_keys
    from holders
    inner join rules on rules.variant = 'credit_score'
    inner join {{ ref('fct_credit_score') }} as scores on holders.enterprise_key = scores.enterprise_key
),

marked as (
    select
        holders.enterprise_key,
        rules.rule_key,
        cast(case rules.variant
            when 'live_marks' then count(marks.trademark_key)
            else count(distinct case when marks.office_code <> 'CN' then marks.office_code end)
        end as double) as value,
        count(marks.trademark_key) as n_evidence,
        'dim_trademark' as evidence_table,
        coalesce(list_sort(list(marks.trademark_key) filter (
            where marks.trademark_key is not null
        )), []) as evidence_keys
    from holders
    inner join rules on rules.variant in ('live_marks', 'offices_abroad')
    left join {{ ref('dim_trademark') }} as marks
        on holders.enterprise_key = marks.owner_enterprise_key and marks.status_group = 'live' and marks.is_current
    group by holders.enterprise_key, rules.rule_key, rules.variant
)

select * from {{ ref('int_held_measures') }}
union all
select * from sampled
union all
select * from credited
union all
select * from marked
