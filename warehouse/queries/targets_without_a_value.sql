-- Which targets cannot be judged, and what is missing? 哪些指标无法判断，缺什么数据？
select
    reason,
    count(*) as n_targets,
    string_agg(name_zh, '；' order by indicator_id) as targets
from marts.target_progress
where status = 'unknown'
group by reason
order by n_targets desc, reason asc
