-- Where do the warehouse's own figures and the reported ones differ? 仓库计算值与上报值差多少？
select
    plan_id,
    name_zh,
    computed_value,
    reported_value,
    reported_period,
    round(computed_value - reported_value, 2) as difference
from marts.target_progress
where computed_value is not null and reported_value is not null
order by plan_id, indicator_id
