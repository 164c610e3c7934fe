-- In which Nice classes are most marks valid, and how many owners hold them? 有效商标集中在哪些尼斯类别，权利人有多少？
select
    n.nice_class,
    n.name_zh,
    count(distinct t.trademark_key) as n_marks,
    count(distinct t.owner_enterprise_key) as n_owners
from star.bridge_trademark_class as c
inner join star.dim_trademark as t on c.trademark_key = t.trademark_key
inner join star.dim_nice_class as n on c.nice_class_key = n.nice_class_key
where c.is_current and t.is_current and t.status_group = 'live' and c.nice_class_key <> -1
group by n.nice_class, n.name_zh
order by n_marks desc, n.nice_class asc
limit 10
