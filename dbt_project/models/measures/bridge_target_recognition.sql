-- Grain: one row per policy target, recognition that counts towards it, and period in which it does.
with targets as (
    select
        targets.policy_target_key,
        targets.indicator_key,
        indicators.actual_method,
        regions.region_code,
        regions.level as region_level
    from {{ ref('fct_policy_target') }} as targets
    inner join {{ ref('dim_indicator') }} as indicators on targets.indicator_key = indicators.indicator_key
    inner join {{ ref('dim_region') }} as regions on targets.region_key = regions.region_key
    where indicators.actual_method like 'recognitions%'
),

held as (
    select
        recognition_key,
        valid_from,
        valid_to,
        row_number() over (partition by recognition_key order by valid_from) as nth
    from {{ ref('fct_recognition_state') }}
    where state in ('held', 'conditional')
)

-- Where a target counts what is held, a recognition counts until it ends; else from its first day on, even if it ended.
select
    targets.policy_target_key,
    held.recognition_key,
    counted.definition,
    held.valid_from as counts_from,
    case targets.actual_method when 'recognitions_held' then held.valid_to else {{ open_end() }} end as counts_to
from targets
inner join {{ ref('bridge_indicator_scheme') }} as counted on targets.indicator_key = counted.indicator_key
inner join {{ ref('fct_recognition') }} as recognitions on counted.scheme_key = recognitions.scheme_key
inner join {{ ref('dim_region') }} as regions on recognitions.region_key = regions.region_key
inner join held
    on
        recognitions.recognition_key = held.recognition_key
        and (targets.actual_method = 'recognitions_held' or held.nth = 1)
where {{ region_within('regions', 'targets.region_code', 'targets.region_level') }}
