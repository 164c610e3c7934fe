-- Which valid marks must be renewed within the next twelve months? 未来十二个月内有哪些有效商标需要续展？
with build as (
    select max(as_of_date) as today from marts.target_progress
)

select
    t.office_code,
    t.registration_no,
    t.mark_text,
    e.name_zh as owner_name,
    t.expiry_date
from star.dim_trademark as t
inner join star.dim_enterprise as e on t.owner_enterprise_key = e.enterprise_key
cross join build
where
    t.is_current
    and t.status_group = 'live'
    and t.expiry_date >= build.today
    and t.expiry_date < build.today + interval '1' year
order by t.expiry_date, t.office_code, t.application_no
