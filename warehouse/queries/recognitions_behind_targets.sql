-- Which recognitions does each target count today? 各项目标今日计入哪些认定？
select
    t.plan_id,
    t.name_zh as target,
    s.name_zh as scheme_name,
    f.recipient_name,
    f.object_name,
    f.granted_date
from marts.target_progress as t
inner join star.fct_recognition as f on list_contains(t.evidence_keys, f.recognition_key)
inner join star.dim_recognition_scheme as s on f.scheme_key = s.scheme_key
where t.evidence_table = 'fct_recognition'
order by t.plan_id, t.indicator_id, f.granted_date, f.recognition_key
