-- Every inspected row of a notice belongs to one sample of the star, and every sample of the star has such a row.
with notice_rows as (
    {{ of_notices('sample_row') }}
),

inspected as (
    select count(*) as n from notice_rows
    where result <> 'refused'
),

kept as (
    select count(*) as n from {{ ref('int_inspection_rows') }}
),

lake as (
    select distinct inspection_key from {{ ref('int_inspection_rows') }}
),

star as (
    select inspection_key from {{ ref('fct_inspection') }}
    where {{ is_sampled('source_id') }}
)

select
    'row without sample' as fault,
    count(*) as n
from lake
where inspection_key not in (select star.inspection_key from star)
having count(*) > 0
union all
select
    'sample without row' as fault,
    count(*) as n
from star
where inspection_key not in (select lake.inspection_key from lake)
having count(*) > 0
union all
select
    'row of the lake lost' as fault,
    abs(inspected.n - kept.n) as n
from inspected
cross join kept
where inspected.n <> kept.n
