-- Which enterprises moved to another region, and when? 哪些企业迁移了登记地，何时？
select
    later.name_zh,
    was.name_zh as from_region,
    now.name_zh as to_region,
    later.valid_from as moved_on
from star.dim_enterprise as earlier
inner join star.dim_enterprise as later
    on
        earlier.durable_enterprise_key = later.durable_enterprise_key
        and later.version_no = earlier.version_no + 1
inner join star.dim_region as was on earlier.region_key = was.region_key
inner join star.dim_region as now on later.region_key = now.region_key
where was.region_code <> now.region_code
order by later.valid_from desc, later.name_zh asc
