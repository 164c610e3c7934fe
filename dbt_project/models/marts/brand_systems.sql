-- Grain: one row per brand system (group of schemes), recipient and object that belongs to it.
with members as (
    select
        groups.rule_id as group_id,
        groups.name_zh as group_name_zh,
        groups.name_en as group_name_en,
        groups.subject as group_kind,
        placed.*,
        regions.region_code
    from {{ ref('int_placed_recognitions') }} as placed
    inner join {{ ref('bridge_rule_scheme') }} as counted on placed.scheme_key = counted.scheme_key
    inner join {{ ref('dim_rule') }} as groups
        on counted.rule_key = groups.rule_key and groups.rule_kind = 'scheme_group'
    inner join {{ ref('dim_region') }} as regions on placed.place_key = regions.region_key
    left join {{ ref('dim_policy_plan') }} as plans on groups.plan_key = plans.plan_key and groups.plan_key <> -1
    left join {{ ref('dim_region') }} as homes on plans.region_key = homes.region_key
    where
        placed.is_held
        -- A system of one region includes national recognitions of its own region only.
        and (
            counted.is_local
            or groups.subject not in ('inclusive', 'succession')
            or {{ region_within('regions', 'homes.region_code', 'homes.level') }}
        )
)

select
    group_id,
    min(recipient_name) as recipient_name,
    min(object_name) as object_name,
    max(group_name_zh) as group_name_zh,
    max(group_name_en) as group_name_en,
    max(group_kind) as group_kind,
    max(enterprise_key) as enterprise_key,
    list_sort(list(distinct scheme_id)) as scheme_ids,
    min(granted_date) as since,
    max(region_code) as region_code,
    group_id as rule_id,
    list_sort(list(recognition_key)) as evidence_keys
from members
group by group_id, recipient_identity, object_text
