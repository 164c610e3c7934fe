-- The nation's samples in the bulletin are the samples of the star, border alerts and recalls aside.
with bulletin as (
    select
        coalesce(sum(n_samples), 0) as n_samples,
        coalesce(sum(n_fail), 0) as n_fail
    from {{ ref('quality_bulletin') }}
    where region_level = '国家'
),

star as (
    select
        count(*) as n_samples,
        coalesce(sum(case result when 'fail' then 1 else 0 end), 0) as n_fail
    from {{ ref('fct_inspection') }}
    where {{ is_sampled('source_id') }}
)

select bulletin.*
from bulletin
cross join star
where bulletin.n_samples <> star.n_samples or bulletin.n_fail <> star.n_fail
