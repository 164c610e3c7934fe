-- Grain: one row per live mark of an enterprise in the register.
with marks as (
    select
        marks.trademark_key,
        marks.office_code,
        marks.application_no,
        marks.registration_no,
        marks.mark_text,
        marks.registration_date,
        marks.expiry_date,
        marks.is_well_known,
        marks.owner_enterprise_key,
        enterprises.name_zh as owner_name,
        enterprises.region_key,
        enterprises.industry_key,
        {{ bare_text('marks.mark_text') }} as mark_words
    from {{ ref('dim_trademark') }} as marks
    inner join {{ ref('dim_enterprise') }} as enterprises
        on marks.owner_enterprise_key = enterprises.enterprise_key and enterprises.is_current
    where marks.status_group = 'live' and marks.is_current and enterprises.is_registered
),

words_abroad as (
    select
        owner_enterprise_key,
        mark_words,
        count(distinct office_code) as n_offices_abroad
    from marks
    where office_code <> 'CN' and mark_words <> ''
    group by owner_enterprise_key, mark_words
),

recognised as (
    select
        recognitions.enterprise_key,
        {{ bare_text('recognitions.object_name') }} as mark_words,
        count(*) as n_recognitions,
        list_sort(list(recognitions.recognition_key)) as recognition_keys
    from {{ ref('fct_recognition') }} as recognitions
    inner join {{ ref('bridge_rule_scheme') }} as covered on recognitions.scheme_key = covered.scheme_key
    inner join {{ ref('dim_rule') }} as rules
        on covered.rule_key = rules.rule_key and rules.rule_kind = 'superior_mark' and rules.subject = 'recognised'
    where recognitions.state in ('held', 'conditional') and recognitions.enterprise_key <> -1
    group by recognitions.enterprise_key, {{ bare_text('recognitions.object_name') }}
),

superior as (
    select
        marks.trademark_key,
        list_sort(list(rules.rule_id)) as rule_ids,
        max(recognised.recognition_keys) as recognition_keys
    from marks
    left join words_abroad
        on marks.owner_enterprise_key = words_abroad.owner_enterprise_key and marks.mark_words = words_abroad.mark_words
    left join recognised
        on marks.owner_enterprise_key = recognised.enterprise_key and marks.mark_words = recognised.mark_words
    inner join {{ ref('dim_rule') }} as rules
        on
            rules.rule_kind = 'superior_mark'
            and case rules.subject
                when 'well_known' then coalesce(marks.is_well_known, false)
                when 'recognised' then coalesce(recognised.n_recognitions, 0) >= rules.value
                when 'abroad'
                    then marks.office_code = 'CN' and coalesce(words_abroad.n_offices_abroad, 0) >= rules.value
            end
    group by marks.trademark_key
)

select
    marks.owner_name,
    marks.owner_enterprise_key as enterprise_key,
    marks.mark_text,
    marks.office_code,
    marks.application_no,
    marks.registration_no,
    marks.registration_date,
    marks.expiry_date,
    regions.region_code,
    industries.industry_code,
    industries.sector,
    superior.trademark_key is not null as is_superior,
    list_concat([listing.rule_id], coalesce(superior.rule_ids, [])) as rule_ids,
    coalesce(superior.recognition_keys, []) as evidence_keys,
    [marks.trademark_key] as trademark_evidence_keys,
    marks.trademark_key
from marks
inner join {{ ref('dim_region') }} as regions on marks.region_key = regions.region_key
inner join {{ ref('dim_industry') }} as industries on marks.industry_key = industries.industry_key
inner join {{ ref('dim_rule') }} as listing on listing.rule_kind = 'mark_directory'
left join superior on marks.trademark_key = superior.trademark_key
