-- For which hazards were products of China notified or recalled abroad? 中国产品在境外因何种危害被通报或召回？
select
    i.source_id,
    coalesce(f.hazard_category, f.item_name) as hazard,
    count(distinct i.inspection_key) as n_notifications
from star.fct_inspection as i
inner join star.fct_inspection_finding as f on i.inspection_key = f.inspection_key
where i.source_id in ('rasff', 'fda_enforcement') and i.origin_country in ('CN', 'China', '中国')
group by i.source_id, hazard
order by n_notifications desc, i.source_id asc, hazard asc
limit 15
