-- Which holders of a recognition failed an inspection while they held it? 哪些称号持有企业在持有期间抽检不合格？
select
    recipient_name,
    scheme_id,
    state,
    reason_date,
    reason
from marts.brand_exit_watch
order by reason_date desc nulls last, recipient_name asc, scheme_id asc
