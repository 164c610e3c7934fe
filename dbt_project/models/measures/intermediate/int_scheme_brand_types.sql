-- Grain: one row per recognition scheme to which a rule assigns a type of brand, with the type and the rule.
select
    schemes.scheme_id,
    min(rules.subject) as brand_type,
    arg_min(rules.rule_id, rules.subject) as rule_id
from {{ ref('dim_rule') }} as rules
inner join {{ ref('bridge_rule_scheme') }} as covered on rules.rule_key = covered.rule_key
inner join {{ ref('dim_recognition_scheme') }} as schemes on covered.scheme_key = schemes.scheme_key
where rules.rule_kind = 'brand_type'
group by schemes.scheme_id
