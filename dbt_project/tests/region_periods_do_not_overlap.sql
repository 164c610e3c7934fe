-- A region code has one name and parent on any day.
select
    earlier.region_code,
    earlier.valid_from,
    later.valid_from as overlapped_from
from {{ ref('dim_region') }} as earlier
inner join {{ ref('dim_region') }} as later
    on
        earlier.region_code = later.region_code
        and earlier.valid_from < later.valid_from
        and earlier.valid_to > later.valid_from
