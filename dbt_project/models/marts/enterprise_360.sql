-- Grain: one row per enterprise, with its state on the as-of date.
with marks as (
    select
        owner_enterprise_key as enterprise_key,
        sum(case when status_group = 'live' then 1 else 0 end) as n_live_marks,
        sum(case when status_group = 'live' and office_code <> 'CN' then 1 else 0 end) as n_live_marks_abroad,
        sum(case when status_group = 'pending' then 1 else 0 end) as n_pending_marks,
        min(case when status_group = 'live' and expiry_date >= {{ as_of() }} then expiry_date end) as next_expiry_date,
        list_sort(list(trademark_key)) as trademark_keys
    from {{ ref('dim_trademark') }}
    where is_current and status_group in ('live', 'pending') and owner_enterprise_key <> -1
    group by owner_enterprise_key
),

received as (
    select
        recognitions.enterprise_key,
        recognitions.recognition_key,
        schemes.scheme_id,
        recognitions.state,
        recognitions.state in ('held', 'conditional') as is_held,
        -- Being on a list of exporters is not a recognition.
        not {{ is_exporter_list('recognitions.scheme_key') }} as is_honour
    from {{ ref('fct_recognition') }} as recognitions
    inner join {{ ref('dim_recognition_scheme') }} as schemes on recognitions.scheme_key = schemes.scheme_key
    where recognitions.enterprise_key <> -1
),

recognitions as (
    select
        enterprise_key,
        sum(case when is_honour and is_held then 1 else 0 end) as n_recognitions_held,
        sum(case when is_honour and state = 'nominated' then 1 else 0 end) as n_nominations,
        sum(case when is_honour and state in ('removed', 'revoked', 'expired') then 1 else 0 end)
            as n_recognitions_ended,
        bool_or(is_held and not is_honour) as is_listed_exporter,
        list_sort(list(distinct scheme_id) filter (where is_honour and is_held)) as scheme_ids,
        list_sort(list(recognition_key)) as recognition_keys
    from received
    group by enterprise_key
),

inspections as (
    select
        producer_enterprise_key as enterprise_key,
        count(*) as n_samples,
        sum(case result when 'fail' then 1 else 0 end) as n_fail,
        max(notice_date) as last_notice_date,
        list_sort(list(inspection_key) filter (where result = 'fail')) as failing_keys
    from {{ ref('fct_inspection') }}
    where producer_enterprise_key <> -1
    group by producer_enterprise_key
),

-- Rules that apply to every enterprise (what counts as held, as a mark and as one abroad), and rules of the score.
counting as (
    select
        list(rule_id) filter (
            where rule_kind in ('international_mark', 'exporter_list')
            or (rule_kind = 'benchmark_measure' and variant in ('count_all', 'live_marks'))
        ) as rule_ids,
        list(rule_id) filter (where rule_kind in ('credit_start', 'credit_cap')) as score_rule_ids
    from {{ ref('dim_rule') }}
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
    credit.score as credit_score,
    coalesce(recognitions.is_listed_exporter, false) as is_listed_exporter,
    list_sort(list_concat(
        counting.rule_ids,
        case when credit.score is null then [] else list_concat(counting.score_rule_ids, credit.point_rule_ids) end
    )) as rule_ids,
    coalesce(recognitions.recognition_keys, []) as evidence_keys,
    coalesce(inspections.failing_keys, []) as inspection_evidence_keys,
    coalesce(marks.trademark_keys, []) as trademark_evidence_keys
from {{ ref('dim_enterprise') }} as enterprises
inner join {{ ref('dim_region') }} as regions on enterprises.region_key = regions.region_key
inner join {{ ref('dim_industry') }} as industries on enterprises.industry_key = industries.industry_key
cross join counting
left join marks on enterprises.enterprise_key = marks.enterprise_key
left join recognitions on enterprises.enterprise_key = recognitions.enterprise_key
left join inspections on enterprises.enterprise_key = inspections.enterprise_key
left join {{ ref('fct_credit_score') }} as credit on enterprises.enterprise_key = credit.enterprise_key
-- Earlier versions of a firm have keys of their own, and the unknown member is not a firm. With a second condition,
-- DuckDB would underestimate the number of firms and keep all of them, with their lists, in memory.
where enterprises.enterprise_key = nullif(enterprises.durable_enterprise_key, -1)
