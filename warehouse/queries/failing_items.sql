-- Which tested items fail most often, and by how much? 哪些检验项目最常不合格，超标多少？
select
    f.item_name,
    count(*) as n_findings,
    count(f.result_value) as n_measured,
    round(max(f.result_value / nullif(f.limit_value, 0)), 2) as highest_multiple_of_limit
from star.fct_inspection_finding as f
inner join star.fct_inspection as i on f.inspection_key = i.inspection_key
where i.result = 'fail' and i.source_id in ('samr_food_sampling', 'product_spot_check')
group by f.item_name
order by n_findings desc, f.item_name asc
limit 15
