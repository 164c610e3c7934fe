-- Who is on the red and the black list, by which rule? 红黑榜上有谁，依据哪条规则？
select
    list,
    enterprise_name,
    score,
    rule_id,
    source_document
from marts.red_black_list
order by list desc, enterprise_name asc
