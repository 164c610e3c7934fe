-- Grain: one row per time-honoured recognition in force.
select
    placed.recipient_name,
    placed.object_name,
    placed.scheme_id,
    placed.level,
    placed.state,
    placed.granted_date as since,
    placed.granted_date_text as since_text,
    placed.expires_date,
    placed.edition,
    placed.enterprise_key,
    enterprises.name_zh as enterprise_name,
    regions.region_code,
    rules.rule_id,
    [placed.recognition_key] as evidence_keys,
    placed.recognition_key
from {{ ref('int_placed_recognitions') }} as placed
-- The schemes on the ladder of this rule are time-honoured brands.
inner join {{ ref('dim_rule') }} as rules on rules.rule_id = 'ladder_heritage' and placed.ladder = rules.subject
inner join {{ ref('dim_region') }} as regions on placed.place_key = regions.region_key
left join {{ ref('dim_enterprise') }} as enterprises
    on placed.enterprise_key = enterprises.enterprise_key and placed.enterprise_key <> -1
where placed.is_held
