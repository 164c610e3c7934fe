-- Which geographical indications does each region have, in which system? 各地区有哪些地理标志，属于哪一保护体系？
select
    group_name_zh,
    region_code,
    count(*) as n_indications,
    string_agg(gi_name, '；' order by gi_name) as names
from marts.gi_directory
group by group_name_zh, region_code
order by n_indications desc, group_name_zh asc, region_code asc
