-- Grain: one row per enterprise, credit rule and the inspection or recognition that it applies to.
with rules as (
    select * from {{ ref('dim_rule') }}
    where rule_kind = 'credit_point'
),

failures as (
    select
        inspections.producer_enterprise_key as enterprise_key,
        rules.rule_key,
        'fct_inspection' as evidence_table,
        inspections.inspection_key as evidence_key,
        inspections.notice_date as evidence_date,
        rules.value as points
    from {{ ref('fct_inspection') }} as inspections
    inner join rules on rules.subject = 'failing_sample'
    where
        inspections.result = 'fail'
        and inspections.producer_enterprise_key <> -1
        and inspections.notice_date <= {{ as_of() }}
        and inspections.notice_date > {{ as_of() }} - rules.window_months * interval '1' month
),

losses as (
    select
        recognitions.enterprise_key,
        rules.rule_key,
        'fct_recognition' as evidence_table,
        recognitions.recognition_key as evidence_key,
        recognitions.ended_date as evidence_date,
        rules.value as points
    from {{ ref('fct_recognition') }} as recognitions
    inner join rules on recognitions.state = rules.subject
    where
        recognitions.enterprise_key <> -1
        -- An end without a date cannot be shown to be before the window.
        and (
            rules.window_months is null
            or recognitions.ended_date is null
            or recognitions.ended_date > {{ as_of() }} - rules.window_months * interval '1' month
        )
),

-- Of several editions of one scheme, one counts.
trusted as (
    select
        recognitions.enterprise_key,
        rules.rule_key,
        'fct_recognition' as evidence_table,
        min(recognitions.recognition_key) as evidence_key,
        min(recognitions.granted_date) as evidence_date,
        min(rules.value) as points
    from {{ ref('fct_recognition') }} as recognitions
    inner join {{ ref('bridge_rule_scheme') }} as covered on recognitions.scheme_key = covered.scheme_key
    inner join rules on covered.rule_key = rules.rule_key and rules.subject = 'trusted'
    where recognitions.state in ('held', 'conditional') and recognitions.enterprise_key <> -1
    group by recognitions.enterprise_key, recognitions.scheme_key, rules.rule_key
)

select * from failures
union all
select * from losses
union all
select * from trusted
