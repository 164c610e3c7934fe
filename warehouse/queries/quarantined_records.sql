-- Which records were quarantined, and by which rule? 哪些记录被隔离，依据哪条规则？
select
    q.source_id,
    q.rule,
    count(*) as n_records,
    min(q.detail) as example
from audit.quarantine as q
group by q.source_id, q.rule
order by n_records desc, q.source_id asc, q.rule asc
