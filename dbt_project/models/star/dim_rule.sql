-- Grain: one row per rule of the brand work, and the unknown rule.
select
    {{ surrogate_key(['rules.rule_id']) }} as rule_key,
    rules.rule_id,
    rules.rule_kind,
    case when rules.plan_id is null then -1 else {{ surrogate_key(['rules.plan_id']) }} end as plan_key,
    rules.subject,
    rules.variant,
    rules.value,
    rules.unit,
    rules.window_months,
    rules.name_zh,
    rules.name_en,
    rules.basis,
    rules.source_document,
    rules.quote as source_quote
from {{ ref('rules') }} as rules
union all
select
    -1 as rule_key,
    'unknown' as rule_id,
    'unknown' as rule_kind,
    -1 as plan_key,
    null as subject,
    null as variant,
    null as value,
    null as unit,
    null as window_months,
    '未知' as name_zh,
    'Unknown' as name_en,
    'default' as basis,
    'unknown' as source_document,
    null as source_quote
