-- The bulletin counts as many samples for the nation as the star has in notices that list passing samples too.
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
    where {{ is_sampled('source_id') }} and is_from_full_notice
)

select bulletin.*
from bulletin
cross join star
where bulletin.n_samples <> star.n_samples or bulletin.n_fail <> star.n_fail
