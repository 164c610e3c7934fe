-- Grain: one row per mark and Nice class in which it is counted.
-- A mark of several classes counts as a mark in the first of them only, and as a class in each of them.
with firsts as (
    select
        trademark_key,
        min(case when nice_class_key <> -1 then nice_class_key end) as first_class,
        min(case when nice_class_key = -1 then class_code end) as first_unclassed
    from {{ ref('bridge_trademark_class') }}
    group by trademark_key
)

select
    listed.trademark_key,
    listed.nice_class_key,
    case when listed.nice_class_key = coalesce(firsts.first_class, -1) then 1 else 0 end as is_first
from {{ ref('bridge_trademark_class') }} as listed
inner join firsts on listed.trademark_key = firsts.trademark_key
where listed.nice_class_key <> -1 or listed.class_code = firsts.first_unclassed
