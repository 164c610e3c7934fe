-- Grain: one row per target that a brand plan sets for an indicator.
select
    {{ surrogate_key(['targets.plan_id', 'targets.indicator_id']) }} as policy_target_key,
    {{ surrogate_key(['targets.plan_id']) }} as plan_key,
    {{ surrogate_key(['targets.indicator_id']) }} as indicator_key,
    coalesce(regions.region_key, -1) as region_key,
    targets.name_zh,
    targets.name_en,
    targets.comparator,
    targets.target as target_value,
    targets.target_high as target_high_value,
    targets.unit,
    make_date(targets.due, 12, 31) as due_date,
    {{ date_key('make_date(targets.due, 12, 31)') }} as due_date_key,
    targets.quote as source_quote
from {{ ref('policy_targets') }} as targets
left join {{ ref('int_regions') }} as regions on targets.region_code = regions.region_code and regions.is_latest
