-- Grain: one row per registration office in a credit code, with the region that it serves.
-- The office of a development zone has a code that is not a region's; the region of its city or province is used.
with offices as (
    select distinct {{ office_code('uscc') }} as office_code
    from {{ ref('int_enterprise_codes') }}
)

select
    wider.office_code,
    max(regions.region_code) as region_code
from (
    select
        office_code,
        unnest([office_code, left(office_code, 4) || '00', left(office_code, 2) || '0000']) as region_code
    from offices
) as wider
inner join {{ ref('int_regions') }} as regions
    on wider.region_code = regions.region_code and regions.level <> '国家'
group by wider.office_code
