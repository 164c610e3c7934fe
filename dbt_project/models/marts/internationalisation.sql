-- Grain: one row per region (nation, province, city, county) with a registered enterprise that owns a live mark.
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
),

cells as (
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
),

rolled as (
    {{ region_rollup('cells') | indent(4) }}
),

summed as (
    select
        region_code,
        region_level,
        sum(n_owners) as n_owners,
        sum(n_international_owners) as n_international_owners,
        sum(n_domestic_marks) as n_domestic_marks,
        sum(n_madrid_marks) as n_madrid_marks,
        sum(n_direct_marks) as n_direct_marks,
        sum(n_exporters) as n_exporters,
        sum(n_exporters_international) as n_exporters_international,
        list_sort(flatten(list(recognition_keys) filter (where recognition_keys is not null))) as recognition_keys,
        list_sort(flatten(list(trademark_keys) filter (where trademark_keys is not null))) as trademark_keys
    from rolled
    group by region_code, region_level
),

-- The latest yearly figure that was reported for the region itself.
reported as (
    select
        regions.region_code,
        reported.value as madrid_applications,
        reported.period as madrid_period,
        reported.indicator_value_key,
        row_number() over (
            partition by regions.region_code
            order by
                reported.period_end_date desc,
                coalesce(reported.reported_date, cast('0001-01-01' as date)) desc,
                reported.indicator_value_key
        ) as recency
    from {{ ref('fct_indicator_value') }} as reported
    inner join {{ ref('dim_indicator') }} as indicators
        on reported.indicator_key = indicators.indicator_key and indicators.indicator_id = 'madrid_applications'
    inner join {{ ref('dim_region') }} as regions on reported.region_key = regions.region_key
    where reported.period_end_date <= {{ as_of() }}
),

rules as (
    select list_sort(list(rule_id)) as rule_ids
    from {{ ref('dim_rule') }}
    where rule_kind in ('international_mark', 'exporter_list')
)

select
    summed.region_code,
    summed.region_level,
    cast(summed.n_owners as bigint) as n_owners,
    cast(summed.n_international_owners as bigint) as n_international_owners,
    cast(summed.n_domestic_marks as bigint) as n_domestic_marks,
    cast(summed.n_madrid_marks as bigint) as n_madrid_marks,
    cast(summed.n_direct_marks as bigint) as n_direct_marks,
    reported.madrid_applications,
    reported.madrid_period,
    cast(summed.n_exporters as bigint) as n_exporters,
    cast(summed.n_exporters_international as bigint) as n_exporters_international,
    cast(summed.n_exporters_international as double) / nullif(summed.n_exporters, 0) as exporter_rate,
    {{ wilson_low('summed.n_exporters_international', 'summed.n_exporters') }} as exporter_rate_low,
    {{ wilson_high('summed.n_exporters_international', 'summed.n_exporters') }} as exporter_rate_high,
    summed.n_exporters < small_cells.value as is_small_cell,
    rules.rule_ids,
    coalesce(summed.recognition_keys, []) as evidence_keys,
    coalesce(summed.trademark_keys, []) as trademark_evidence_keys,
    coalesce(reported.indicator_value_key, -1) as indicator_value_key
from summed
cross join rules
inner join {{ ref('dim_rule') }} as small_cells on small_cells.rule_kind = 'small_cell'
left join reported on summed.region_code = reported.region_code and reported.recency = 1
