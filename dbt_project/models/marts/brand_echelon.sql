-- Grain: one row per enterprise of the leading or growing batch, or cluster (prefecture and industry division).
with rules as (
    select * from {{ ref('dim_rule') }}
    where rule_kind = 'echelon'
),

enterprises as (
    select
        candidates.*,
        rules.rule_id,
        rules.subject as batch,
        -- A leading enterprise is not listed as growing too.
        max(case rules.subject when 'leading' then 1 else 0 end) over (
            partition by candidates.enterprise_key
        ) = 1 as is_leading
    from {{ ref('int_echelon_candidates') }} as candidates
    inner join rules on candidates.rule_key = rules.rule_key
),

members as (
    select
        enterprises.batch,
        enterprises.enterprise_key,
        max(owners.name_zh) as enterprise_name,
        max(regions.region_code) as region_code,
        max(industries.industry_code) as industry_code,
        1 as n_enterprises,
        list_sort(list(enterprises.rule_id)) as rule_ids,
        list_sort(list_distinct(flatten(list(enterprises.recognition_keys)))) as recognition_keys,
        list_sort(list_distinct(flatten(list(enterprises.trademark_keys)))) as trademark_keys
    from enterprises
    left join {{ ref('dim_enterprise') }} as owners on enterprises.enterprise_key = owners.enterprise_key
    left join {{ ref('dim_region') }} as regions on owners.region_key = regions.region_key
    left join {{ ref('dim_industry') }} as industries on owners.industry_key = industries.industry_key
    where enterprises.batch = 'leading' or not enterprises.is_leading
    group by enterprises.batch, enterprises.enterprise_key
),

clusters as (
    select
        rules.subject as batch,
        cast(-1 as bigint) as enterprise_key,
        concat_ws(' ', max(cities.name_zh), max(divisions.name_zh)) as enterprise_name,
        regions.city_code as region_code,
        industries.division_code as industry_code,
        count(distinct placed.enterprise_key) as n_enterprises,
        [max(rules.rule_id)] as rule_ids,
        list_sort(list(placed.recognition_key)) as recognition_keys,
        cast([] as bigint[]) as trademark_keys
    from {{ ref('int_placed_recognitions') }} as placed
    inner join {{ ref('dim_region') }} as regions on placed.place_key = regions.region_key
    inner join {{ ref('dim_industry') }} as industries on placed.industry_key = industries.industry_key
    inner join rules on rules.variant = 'holders'
    left join {{ ref('dim_region') }} as cities on regions.city_code = cities.region_code and cities.is_latest
    left join {{ ref('dim_industry') }} as divisions
        on industries.division_code = divisions.industry_code and divisions.is_current
    where
        placed.is_held
        and placed.is_honour
        and placed.enterprise_key <> -1
        and regions.city_code is not null
        and industries.division_code is not null
    group by rules.subject, regions.city_code, industries.division_code
    having count(distinct placed.enterprise_key) >= max(rules.value)
)

select
    batch,
    enterprise_key,
    enterprise_name,
    region_code,
    industry_code,
    cast(n_enterprises as bigint) as n_enterprises,
    rule_ids,
    recognition_keys as evidence_keys,
    trademark_keys as trademark_evidence_keys
from (
    select * from members
    union all
    select * from clusters
) as echelon
