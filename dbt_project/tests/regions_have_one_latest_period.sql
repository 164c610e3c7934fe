-- A code has exactly one latest period.
select region_code
from {{ ref('dim_region') }}
group by region_code
having sum(case when is_latest then 1 else 0 end) <> 1
