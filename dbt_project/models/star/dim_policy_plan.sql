-- Grain: one row per brand plan, and the unknown plan.
select
    {{ surrogate_key(['plans.plan_id']) }} as plan_key,
    plans.plan_id,
    plans.name_zh,
    plans.name_en,
    plans.document_no as source_document,
    plans.issuer,
    coalesce(regions.region_key, -1) as region_key,
    plans.valid_from,
    plans.due_date,
    plans.plan_state
from {{ ref('policy_plans') }} as plans
left join {{ ref('int_regions') }} as regions on plans.region_code = regions.region_code and regions.is_latest
union all
select
    -1 as plan_key,
    'unknown' as plan_id,
    '未知' as name_zh,
    'Unknown' as name_en,
    null as source_document,
    null as issuer,
    -1 as region_key,
    cast('1900-01-01' as date) as valid_from,
    {{ open_end() }} as due_date,
    'unknown' as plan_state
