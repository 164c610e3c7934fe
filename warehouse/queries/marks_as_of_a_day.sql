-- On 1 January 2024, how many marks of each office were pending, live and dead? 2024年1月1日各局申请中、有效、失效的商标各多少件？
select
    office_code,
    status_group,
    count(*) as n_marks
from star.trademark_as_of('2024-01-01')
where trademark_key <> -1
group by office_code, status_group
order by office_code, status_group
