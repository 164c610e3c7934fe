-- Which marks became valid, lapsed or were revived most recently? 最近有哪些商标生效、失效或恢复有效？
select
    earlier.office_code,
    earlier.application_no,
    earlier.mark_text,
    earlier.status_group as status_before,
    later.status_group as status_since,
    later.valid_from as stated_on
from star.dim_trademark as earlier
inner join star.dim_trademark as later
    on
        earlier.durable_trademark_key = later.durable_trademark_key
        and later.version_no = earlier.version_no + 1
where earlier.status_group <> later.status_group
order by later.valid_from desc, earlier.office_code asc, earlier.application_no asc
limit 20
