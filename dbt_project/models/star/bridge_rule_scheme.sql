-- Grain: one row per rule and recognition scheme that it is about.
select
    {{ surrogate_key(['rule_id']) }} as rule_key,
    {{ surrogate_key(['scheme_id']) }} as scheme_key,
    case when to_scheme_id is null then -1 else {{ surrogate_key(['to_scheme_id']) }} end as to_scheme_key,
    is_local
from {{ ref('rule_schemes') }}
