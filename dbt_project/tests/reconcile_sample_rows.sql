-- Every row of a sampling notice belongs to one sample of the star, and every sample of the star has such a row.
with lake as (
    select distinct inspection_key from {{ ref('int_inspection_rows') }}
),

star as (
    select inspection_key from {{ ref('fct_inspection') }}
    where source_id = 'samr_food_sampling'
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
    abs(
        (select count(*) from {{ ref('stg_samr_food_sampling__sample_row') }}
        )
        - (select count(*) from {{ ref('int_inspection_rows') }}
        )
    )
        as n
where
    (select count(*) from {{ ref('stg_samr_food_sampling__sample_row') }})
    <> (select count(*) from {{ ref('int_inspection_rows') }})
