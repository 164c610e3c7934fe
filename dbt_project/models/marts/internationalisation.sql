-- Grain: one row per region (nation, province, city, county) with a registered owner of a live mark, or an exporter.
with cells as (
    select * from {{ ref('int_brands_abroad') }}
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

-- The latest figure that was reported for the region itself.
reported as (
    select
        regions.region_code,
        reported.value as madrid_applications,
        reported.period as madrid_period,
        reported.indicator_value_key,
        row_number() over (
            partition by regions.region_code
            order by {{ newest_reported('reported') }}
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
