-- Grain: one row per region (province, prefecture) and measure known for it.
with samples as (
    select
        inspections.region_key,
        count(*) as n,
        sum(case inspections.result when 'pass' then 1 else 0 end) as n_pass,
        list(inspections.inspection_key) as evidence_keys
    from {{ ref('fct_inspection') }} as inspections
    inner join {{ ref('dim_rule') }} as rules on rules.rule_id = 'region_pass_rate'
    where
        inspections.is_from_full_notice
        and inspections.notice_date <= {{ as_of() }}
        and inspections.notice_date > {{ as_of() }} - rules.window_months * interval '1' month
    group by inspections.region_key
),

holdings as (
    select
        place_key as region_key,
        count(*) as n,
        0 as n_pass,
        list(recognition_key) as evidence_keys
    from {{ ref('int_placed_recognitions') }}
    where is_held and is_honour
    group by place_key
),

cells as (
    select
        'region_pass_rate' as rule_id,
        *
    from samples
    union all
    select
        'region_honours' as rule_id,
        *
    from holdings
),

rolled as (
    {{ region_rollup('cells') | indent(4) }}
),

region_sums as (
    select
        region_code,
        region_level,
        rule_id,
        sum(n) as n,
        sum(n_pass) as n_pass,
        list_sort(flatten(list(evidence_keys))) as evidence_keys
    from rolled
    where region_level in ('省级', '地级')
    group by region_code, region_level, rule_id
)

select
    'region' as subject_kind,
    region_sums.region_code as subject_id,
    regions.name_zh as subject_name,
    -- Provinces are compared with provinces, prefectures with those of their province.
    case region_sums.region_level when '省级' then '100000' else regions.province_code end as peer_group,
    region_sums.rule_id,
    case region_sums.rule_id
        when 'region_pass_rate' then cast(region_sums.n_pass as double) / region_sums.n
        else cast(region_sums.n as double)
    end as value,
    case region_sums.rule_id
        when 'region_pass_rate' then {{ wilson_low('region_sums.n_pass', 'region_sums.n') }}
        else cast(region_sums.n as double)
    end as value_low,
    case region_sums.rule_id
        when 'region_pass_rate' then {{ wilson_high('region_sums.n_pass', 'region_sums.n') }}
        else cast(region_sums.n as double)
    end as value_high,
    cast(region_sums.n as bigint) as n_evidence,
    case region_sums.rule_id when 'region_pass_rate' then 'fct_inspection' else 'fct_recognition' end
        as evidence_table,
    region_sums.evidence_keys
from region_sums
inner join {{ ref('dim_region') }} as regions
    on region_sums.region_code = regions.region_code and regions.is_latest
