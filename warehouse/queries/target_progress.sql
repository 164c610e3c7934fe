-- How far is each target of the brand plans? 各品牌规划指标完成情况如何？
select
    plan_id,
    name_zh,
    round(actual_value, 2) as actual_value,
    target_value,
    unit,
    round(achieved_pct, 1) as achieved_pct,
    status
from marts.target_progress
order by status = 'unknown', plan_id, indicator_id
