-- Which enterprises changed their name, region or state, and when? 哪些企业变更了名称、登记地或登记状态，何时？
select
    later.uscc,
    earlier.name_zh as former_name,
    later.name_zh as name_since,
    was.name_zh as former_region,
    seat.name_zh as region_since,
    later.registration_state,
    later.valid_from as changed_on
from star.dim_enterprise as earlier
inner join star.dim_enterprise as later
    on
        earlier.durable_enterprise_key = later.durable_enterprise_key
        and later.version_no = earlier.version_no + 1
inner join star.dim_region as was on earlier.region_key = was.region_key
inner join star.dim_region as seat on later.region_key = seat.region_key
order by later.valid_from desc, later.uscc asc
limit 20
