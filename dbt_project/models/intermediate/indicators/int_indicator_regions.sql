-- Grain: one row per row of a table of statistics.
with placed as (
    select
        region_rows.delivery_sha256,
        region_rows.record_no,
        region_rows.document_name,
        regexp_matches(lower(region_rows.region_name_norm), '^(合计|总计|总数|全国|全国合计|total|nation|china)$')
            as is_total,
        coalesce(region_rows.region_code, english.region_code, places.region_code) as region_code
    from {{ ref('stg_indicator_report__region_row') }} as region_rows
    left join {{ ref('region_names_en') }} as english
        on lower(region_rows.region_name_norm) = lower(english.name_en)
    left join {{ ref('int_place_regions') }} as places on region_rows.region_name_norm = places.place_text
),

regions as (
    select * from {{ ref('int_regions') }}
    where is_latest
),

-- A total is of what its rows have in common: several provinces make the nation, several cities their province.
totals as (
    select
        placed.delivery_sha256,
        placed.document_name,
        case
            when count(distinct regions.province_code) <> 1 then '100000'
            when count(distinct coalesce(regions.city_code, regions.region_code)) <> 1 then min(regions.province_code)
            else min(regions.city_code)
        end as region_code
    from placed
    left join regions on placed.region_code = regions.region_code
    where not placed.is_total
    group by placed.delivery_sha256, placed.document_name
)

select
    placed.delivery_sha256,
    placed.record_no,
    placed.is_total,
    regions.region_code,
    regions.province_code,
    regions.city_code
from placed
left join totals
    on placed.delivery_sha256 = totals.delivery_sha256 and placed.document_name = totals.document_name
left join regions
    on coalesce(placed.region_code, case when placed.is_total then totals.region_code end) = regions.region_code
