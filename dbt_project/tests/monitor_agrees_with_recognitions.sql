-- The monitor shows as many recognitions held in the nation in the as-of month as the star has.
with monitor as (
    select coalesce(sum(n_held), 0) as n_held
    from {{ ref('brand_monitor') }}
    where region_level = '国家' and industry_level = 'section' and period = left(cast({{ as_of() }} as varchar), 7)
),

star as (
    select count(*) as n_held
    from {{ ref('fct_recognition') }}
    where state in ('held', 'conditional') and coalesce(origin_country, 'CN') = 'CN'
)

select
    monitor.n_held as n_monitor,
    star.n_held as n_star
from monitor
cross join star
where monitor.n_held <> star.n_held
