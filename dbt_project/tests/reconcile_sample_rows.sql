-- Every inspected row of a notice belongs to one sample of the star, every sample of the star has such a row, and a
-- source has at least as many samples as sampling numbers.
with notice_rows as (
    {{ of_notices('sample_row') }}
),

inspected as (
    select count(*) as n from notice_rows
    where result <> 'refused'
),

assigned as (
    select count(*) as n from {{ ref('int_inspection_rows') }}
),

sampling_numbers as (
    select
        source_id,
        count(distinct sample_no) as n
    from notice_rows
    where result <> 'refused'
    group by source_id
),

samples as (
    select
        source_id,
        count(*) as n
    from {{ ref('fct_inspection') }}
    group by source_id
),

lake as (
    select distinct inspection_key from {{ ref('int_inspection_rows') }}
),

star as (
    select inspection_key from {{ ref('fct_inspection') }}
    where {{ is_sampled('source_id') }}
)

select
    'row without sample' as error,
    count(*) as n
from lake
where inspection_key not in (select star.inspection_key from star)
having count(*) > 0
union all
select
    'sample without row' as error,
    count(*) as n
from star
where inspection_key not in (select lake.inspection_key from lake)
having count(*) > 0
union all
select
    'row of the lake lost' as error,
    abs(inspected.n - assigned.n) as n
from inspected
cross join assigned
where inspected.n <> assigned.n
union all
select
    'sampling number without sample' as error,
    sampling_numbers.n - coalesce(samples.n, 0) as n
from sampling_numbers
left join samples on sampling_numbers.source_id = samples.source_id
where sampling_numbers.n > coalesce(samples.n, 0)
