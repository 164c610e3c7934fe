-- What is still needed each year to reach a target in time, and what value will the trend reach? 如期达标每年还需多少，趋势会到多少？
select
    plan_id,
    name_zh,
    round(actual_value, 1) as actual_value,
    target_value,
    unit,
    status,
    round(needed_per_year, 1) as needed_per_year,
    round(yearly_change, 1) as yearly_change,
    round(forecast_value, 1) as forecast_value,
    round(forecast_low, 1) as forecast_low,
    round(forecast_high, 1) as forecast_high
from marts.target_progress
where status in ('on_track', 'at_risk')
order by plan_id, indicator_id
