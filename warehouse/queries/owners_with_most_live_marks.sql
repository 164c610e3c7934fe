-- Who owns the most live marks, by office? 各局有效商标最多的权利人是谁？
select
    t.office_code,
    e.name_zh,
    e.name_en,
    count(*) as n_marks
from star.dim_trademark as t
inner join star.dim_enterprise as e on t.owner_enterprise_key = e.enterprise_key
where t.is_current and t.status_group = 'live' and t.owner_enterprise_key <> -1
group by t.office_code, e.name_zh, e.name_en
order by n_marks desc, t.office_code asc, e.name_zh asc, e.name_en asc
limit 20
