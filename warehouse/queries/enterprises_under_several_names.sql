-- Under how many names does each source know one enterprise? 同一企业在各来源中有多少种写法？
select
    e.name_zh,
    e.uscc,
    count(distinct n.name_key) as n_names,
    string_agg(distinct n.name, '；' order by n.name) as names
from star.bridge_enterprise_name as n
inner join star.dim_enterprise as e on n.enterprise_key = e.enterprise_key
where n.enterprise_key <> -1
group by e.enterprise_key, e.name_zh, e.uscc
having count(distinct n.name_key) > 1
order by n_names desc, e.name_zh asc
limit 20
