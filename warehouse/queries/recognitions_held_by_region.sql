-- How many recognitions does each region hold, by scheme? 各地区持有各类认定多少项？
select
    r.name_zh as region_name,
    s.name_zh as scheme_name,
    count(*) as n_held
from star.fct_recognition as f
inner join star.dim_region as r on f.region_key = r.region_key
inner join star.dim_recognition_scheme as s on f.scheme_key = s.scheme_key
where f.state in ('held', 'conditional')
group by r.name_zh, s.name_zh
order by n_held desc, region_name asc, scheme_name asc
