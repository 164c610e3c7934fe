-- Which county-level codes were abolished, and where do their figures belong today? 哪些县级代码已撤销，数据归入今天的哪里？
select
    r.region_code,
    r.name_zh,
    r.valid_to as abolished_on,
    today.region_code as today_code,
    today.name_zh as today_name,
    r.today_method,
    r.n_today_regions
from star.dim_region as r
inner join star.dim_region as today on r.today_region_key = today.region_key
where r.region_code <> today.region_code and r.level = '县级'
order by r.valid_to desc, r.region_code asc
limit 20
