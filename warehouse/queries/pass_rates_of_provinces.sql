-- Which provinces have pass rates that really differ? 哪些省份的抽检合格率差异是真实可辨的？
select
    r.name_zh as region_name,
    sum(b.n_samples) as n_samples,
    round(1 - sum(b.n_fail) / sum(b.n_samples), 4) as pass_rate,
    bool_or(b.is_small_cell) as has_small_cells
from marts.quality_bulletin as b
inner join star.dim_region as r on b.region_code = r.region_code and r.is_latest
where r.level = '省级' and b.n_samples > 0
group by r.name_zh
order by pass_rate, region_name
