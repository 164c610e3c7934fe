-- Which product categories fail most often, and how reliable is the rate? 哪些食品大类不合格率最高，置信区间多大？
select
    category_name,
    sum(n_samples) as n_samples,
    sum(n_fail) as n_fail,
    round(1 - sum(n_fail) / sum(n_samples), 4) as pass_rate
from marts.quality_bulletin
where region_code = '100000'
group by category_name
having sum(n_samples) > 0
order by pass_rate, category_name
