-- Grain: one row per enterprise that holds a recognition and measure known for it, on the as-of date.
with rules as (
    select * from {{ ref('dim_rule') }}
    where rule_kind in ('strength_measure', 'benchmark_measure')
),

held as (
    select
        recognitions.*,
        schemes.rung
    from {{ ref('fct_recognition') }} as recognitions
    inner join {{ ref('dim_recognition_scheme') }} as schemes on recognitions.scheme_key = schemes.scheme_key
    where
        recognitions.state in ('held', 'conditional')
        and recognitions.enterprise_key <> -1
        and not {{ is_exporter_list('recognitions.scheme_key') }}
),

holders as (
    select distinct enterprise_key from held
),

-- Without any decision on its schemes a measure is unknown for everybody; with one, who holds none has none.
received as (
    select distinct rules.rule_key
    from rules
    inner join {{ ref('bridge_rule_scheme') }} as covered on rules.rule_key = covered.rule_key
    inner join {{ ref('fct_recognition_event') }} as events on covered.scheme_key = events.scheme_key
),

held_of_measure as (
    select
        held.enterprise_key,
        rules.rule_key,
        count(*) as n_held,
        max(held.rung) as rung,
        list_sort(list(held.recognition_key)) as evidence_keys
    from held
    inner join {{ ref('bridge_rule_scheme') }} as covered on held.scheme_key = covered.scheme_key
    inner join rules on covered.rule_key = rules.rule_key
    group by held.enterprise_key, rules.rule_key
),

counted as (
    select
        holders.enterprise_key,
        rules.rule_key,
        cast(
            coalesce(case rules.variant when 'highest_rung' then measured.rung else measured.n_held end, 0) as double
        ) as value,
        coalesce(measured.n_held, 0) as n_evidence,
        'fct_recognition' as evidence_table,
        coalesce(measured.evidence_keys, []) as evidence_keys
    from holders
    cross join rules
    inner join received on rules.rule_key = received.rule_key
    left join held_of_measure as measured
        on holders.enterprise_key = measured.enterprise_key and rules.rule_key = measured.rule_key
    where rules.variant in ('count_held', 'highest_rung')
),

all_held as (
    select
        held.enterprise_key,
        rules.rule_key,
        cast(count(*) as double) as value,
        count(*) as n_evidence,
        'fct_recognition' as evidence_table,
        list_sort(list(held.recognition_key)) as evidence_keys
    from held
    inner join rules on rules.variant = 'count_all'
    group by held.enterprise_key, rules.rule_key
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

credited as (
    select
        holders.enterprise_key,
        rules.rule_key,
        least(min(caps.value), min(starts.value) + coalesce(sum(credit.points), 0)) as value,
        count(credit.evidence_key) as n_evidence,
        'fct_credit_point' as evidence_table,
        coalesce(list_sort(list(credit.evidence_key) filter (
            where credit.evidence_key is not null
        )), []) as evidence_keys
    from holders
    inner join rules on rules.variant = 'credit_score'
    inner join {{ ref('dim_rule') }} as starts on starts.rule_kind = 'credit_start'
    inner join {{ ref('dim_rule') }} as caps on caps.rule_kind = 'credit_cap'
    left join {{ ref('fct_credit_point') }} as credit on holders.enterprise_key = credit.enterprise_key
    group by holders.enterprise_key, rules.rule_key
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

select * from counted
union all
select * from all_held
union all
select * from sampled
union all
select * from credited
union all
select * from marked
