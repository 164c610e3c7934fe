-- Grain: one row per enterprise or region (subject) and measure, against its peers.
with enterprise_values as (
    select
        'enterprise' as subject_kind,
        enterprises.enterprise_id as subject_id,
        coalesce(enterprises.name_zh, enterprises.name_en) as subject_name,
        industries.section_code as peer_group,
        rules.rule_id,
        measures.value,
        measures.value as value_low,
        measures.value as value_high,
        measures.n_evidence,
        measures.evidence_table,
        measures.evidence_keys
    from {{ ref('fct_enterprise_measure') }} as measures
    inner join {{ ref('dim_rule') }} as rules on measures.rule_key = rules.rule_key
    inner join {{ ref('dim_enterprise') }} as enterprises on measures.enterprise_key = enterprises.enterprise_key
    inner join {{ ref('dim_industry') }} as stated on enterprises.industry_key = stated.industry_key
    inner join {{ ref('dim_industry') }} as industries on stated.today_industry_key = industries.industry_key
),

region_values as (
    select * from {{ ref('int_region_measures') }}
),

-- Peers whose intervals overlap have no certain order: the rank is the range from the best to the worst possible one.
region_ranks as (
    select
        regions.subject_id,
        regions.rule_id,
        1 + sum(case when peers.value_low > regions.value_high then 1 else 0 end) as rank_best,
        count(*) - sum(case when peers.value_high < regions.value_low then 1 else 0 end) as rank_worst
    from region_values as regions
    inner join region_values as peers on regions.peer_group = peers.peer_group and regions.rule_id = peers.rule_id
    group by regions.subject_id, regions.rule_id, regions.peer_group
),

subjects as (
    select
        *,
        rank() over (partition by peer_group, rule_id order by value desc) as rank_best,
        count(*) over (partition by peer_group, rule_id)
        - rank() over (partition by peer_group, rule_id order by value) + 1 as rank_worst
    from enterprise_values
    union all
    select
        region_values.*,
        region_ranks.rank_best,
        region_ranks.rank_worst
    from region_values
    inner join region_ranks
        on region_values.subject_id = region_ranks.subject_id and region_values.rule_id = region_ranks.rule_id
),

compared as (
    select
        *,
        count(*) over (partition by subject_kind, peer_group, rule_id) as n_peers,
        median(value) over (partition by subject_kind, peer_group, rule_id) as peer_median,
        max(value) over (partition by subject_kind, peer_group, rule_id) as peer_best
    from subjects
)

select
    compared.subject_kind,
    compared.subject_id,
    compared.rule_id as measure_id,
    compared.subject_name,
    compared.peer_group,
    compared.value,
    case when compared.value_low < compared.value_high then compared.value_low end as value_low,
    case when compared.value_low < compared.value_high then compared.value_high end as value_high,
    compared.n_evidence,
    compared.n_peers,
    compared.peer_median,
    compared.peer_best,
    cast(compared.rank_best as bigint) as rank_best,
    cast(compared.rank_worst as bigint) as rank_worst,
    compared.n_peers < min_peers.value as is_small_cell,
    compared.rule_id,
    compared.evidence_table,
    compared.evidence_keys
from compared
inner join {{ ref('dim_rule') }} as min_peers on min_peers.rule_kind = 'min_peers'
