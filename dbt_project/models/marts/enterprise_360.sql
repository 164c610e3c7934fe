-- Grain: one row per enterprise, as it is on the as-of date.
with marks as (
    select
        owner_enterprise_key as enterprise_key,
        sum(case when status_group = 'live' then 1 else 0 end) as n_live_marks,
        sum(case when status_group = 'live' and office_code <> 'CN' then 1 else 0 end) as n_live_marks_abroad,
        sum(case when status_group = 'pending' then 1 else 0 end) as n_pending_marks,
        min(case when status_group = 'live' and expiry_date >= {{ as_of() }} then expiry_date end) as next_expiry_date
    from {{ ref('dim_trademark') }}
    where is_current and owner_enterprise_key <> -1
    group by owner_enterprise_key
),

recognitions as (
    select
        held.enterprise_key,
        sum(case when held.state in ('held', 'conditional') then 1 else 0 end) as n_recognitions_held,
        sum(case held.state when 'nominated' then 1 else 0 end) as n_nominations,
        sum(case when held.state in ('removed', 'revoked', 'expired') then 1 else 0 end) as n_recognitions_ended,
        list_sort(list(distinct schemes.scheme_id) filter (where held.state in ('held', 'conditional'))) as scheme_ids,
        list(held.recognition_key order by held.recognition_key) as evidence_keys
    from {{ ref('fct_recognition') }} as held
    inner join {{ ref('dim_recognition_scheme') }} as schemes on held.scheme_key = schemes.scheme_key
    where held.enterprise_key <> -1
    group by held.enterprise_key
),

inspections as (
    select
        producer_enterprise_key as enterprise_key,
        count(*) as n_samples,
        sum(case result when 'fail' then 1 else 0 end) as n_fail,
        max(notice_date) as last_notice_date
    from {{ ref('fct_inspection') }}
    where producer_enterprise_key <> -1
    group by producer_enterprise_key
),

credit as (
    select
        enterprise_key,
        sum(points) as points
    from {{ ref('fct_credit_point') }}
    group by enterprise_key
)

select
    enterprises.enterprise_key,
    enterprises.enterprise_id,
    coalesce(enterprises.name_zh, enterprises.name_en) as enterprise_name,
    enterprises.uscc,
    regions.region_code,
    industries.industry_code,
    industries.sector,
    enterprises.registered_date,
    enterprises.registration_state,
    enterprises.is_registered,
    enterprises.is_current,
    cast(coalesce(marks.n_live_marks, 0) as bigint) as n_live_marks,
    cast(coalesce(marks.n_live_marks_abroad, 0) as bigint) as n_live_marks_abroad,
    cast(coalesce(marks.n_pending_marks, 0) as bigint) as n_pending_marks,
    marks.next_expiry_date,
    cast(coalesce(recognitions.n_recognitions_held, 0) as bigint) as n_recognitions_held,
    cast(coalesce(recognitions.n_nominations, 0) as bigint) as n_nominations,
    cast(coalesce(recognitions.n_recognitions_ended, 0) as bigint) as n_recognitions_ended,
    coalesce(recognitions.scheme_ids, []) as scheme_ids,
    cast(coalesce(inspections.n_samples, 0) as bigint) as n_samples,
    cast(coalesce(inspections.n_fail, 0) as bigint) as n_fail,
    inspections.last_notice_date,
    case
        when
            inspections.n_samples > 0 or recognitions.n_recognitions_held > 0 or recognitions.n_recognitions_ended > 0
            then least(caps.value, starts.value + coalesce(credit.points, 0))
    end as credit_score,
    coalesce(recognitions.evidence_keys, []) as evidence_keys
from {{ ref('dim_enterprise') }} as enterprises
inner join {{ ref('dim_region') }} as regions on enterprises.region_key = regions.region_key
inner join {{ ref('dim_industry') }} as industries on enterprises.industry_key = industries.industry_key
inner join {{ ref('dim_rule') }} as starts on starts.rule_kind = 'credit_start'
inner join {{ ref('dim_rule') }} as caps on caps.rule_kind = 'credit_cap'
left join marks on enterprises.enterprise_key = marks.enterprise_key
left join recognitions on enterprises.enterprise_key = recognitions.enterprise_key
left join inspections on enterprises.enterprise_key = inspections.enterprise_key
left join credit on enterprises.enterprise_key = credit.enterprise_key
-- Earlier versions of a firm bear keys of their own.
where enterprises.enterprise_key = enterprises.durable_enterprise_key and enterprises.enterprise_key <> -1
