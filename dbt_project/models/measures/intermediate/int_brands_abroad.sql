-- Grain: one row per region with a registered enterprise that owns a live mark, or with an exporter.
with owners as (
    select
        marks.owner_enterprise_key as enterprise_key,
        max(enterprises.region_key) as region_key,
        count(*) as n_marks,
        sum(case when marks.office_code = 'CN' then 1 else 0 end) as n_domestic_marks,
        sum(case when marks.international_registration_no is not null then 1 else 0 end) as n_madrid_marks,
        sum(case when marks.office_code <> 'CN' and marks.international_registration_no is null then 1 else 0 end)
            as n_direct_marks,
        list(marks.trademark_key) filter (
            where marks.office_code <> 'CN' or marks.international_registration_no is not null
        ) as trademark_keys
    from {{ ref('dim_trademark') }} as marks
    inner join {{ ref('dim_enterprise') }} as enterprises
        on
            marks.owner_enterprise_key = enterprises.enterprise_key
            and enterprises.is_current
            and enterprises.is_registered
    where marks.status_group = 'live' and marks.is_current
    group by marks.owner_enterprise_key
),

exporters as (
    select
        recognitions.enterprise_key,
        max(enterprises.region_key) as region_key,
        list(recognitions.recognition_key) as recognition_keys
    from {{ ref('fct_recognition') }} as recognitions
    inner join {{ ref('bridge_rule_scheme') }} as covered on recognitions.scheme_key = covered.scheme_key
    inner join {{ ref('dim_rule') }} as rules
        on covered.rule_key = rules.rule_key and rules.rule_kind = 'exporter_list'
    inner join {{ ref('dim_enterprise') }} as enterprises
        on recognitions.enterprise_key = enterprises.enterprise_key and enterprises.is_current
    where recognitions.state in ('held', 'conditional') and recognitions.enterprise_key <> -1
    group by recognitions.enterprise_key
)

select
    coalesce(owners.region_key, exporters.region_key) as region_key,
    count(owners.enterprise_key) as n_owners,
    sum(coalesce(owners.n_domestic_marks, 0)) as n_domestic_marks,
    sum(coalesce(owners.n_madrid_marks, 0)) as n_madrid_marks,
    sum(coalesce(owners.n_direct_marks, 0)) as n_direct_marks,
    sum(case when owners.n_madrid_marks + owners.n_direct_marks > 0 then 1 else 0 end) as n_international_owners,
    count(exporters.enterprise_key) as n_exporters,
    sum(case
        when exporters.enterprise_key is not null and owners.n_madrid_marks + owners.n_direct_marks > 0 then 1
        else 0
    end) as n_exporters_international,
    flatten(list(exporters.recognition_keys) filter (where exporters.enterprise_key is not null))
        as recognition_keys,
    flatten(list(owners.trademark_keys) filter (where owners.trademark_keys is not null)) as trademark_keys
from owners
full outer join exporters on owners.enterprise_key = exporters.enterprise_key
group by coalesce(owners.region_key, exporters.region_key)
