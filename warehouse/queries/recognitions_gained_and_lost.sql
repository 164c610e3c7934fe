-- Which schemes grew and which shrank over the last year? 过去一年哪些称号增加、哪些减少？
with build as (
    select max(as_of_date) as today from marts.target_progress
)

select
    m.scheme_id,
    sum(m.n_gained) as n_gained,
    sum(m.n_lost) as n_lost
from marts.brand_monitor as m
cross join build
where
    m.region_code = '100000'
    and m.industry_level = 'section'
    and m.period > left(cast(build.today - interval '1' year as varchar), 7)
group by m.scheme_id
having sum(m.n_gained) > 0 or sum(m.n_lost) > 0
order by n_gained desc, m.scheme_id asc
