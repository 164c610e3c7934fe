-- By which method were names matched to enterprises, per source? 各来源的名称是用什么方法对应到企业的？
select
    source_id,
    method,
    count(*) as n_names,
    round(avg(score), 3) as mean_score
from audit.enterprise_match
group by source_id, method
order by source_id asc, n_names desc, method asc
