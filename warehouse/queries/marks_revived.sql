-- Which marks came back to life after they were dead? 哪些商标失效后又恢复有效？
select
    earlier.office_code,
    earlier.application_no,
    earlier.mark_text,
    earlier.valid_to as revived_on,
    later.status_code
from star.dim_trademark as earlier
inner join star.dim_trademark as later
    on
        earlier.durable_trademark_key = later.durable_trademark_key
        and later.version_no = earlier.version_no + 1
where earlier.status_group = 'dead' and later.status_group = 'live'
order by earlier.office_code, earlier.application_no
