-- Grain: one row per row of a table of statistics.
with located as (
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

-- A total is of the region that contains its rows: of several provinces the nation, of several cities their province.
totals as (
    select
        located.delivery_sha256,
        located.document_name,
        case
            when count(distinct regions.province_code) <> 1 then '100000'
            when count(distinct coalesce(regions.city_code, regions.region_code)) <> 1 then min(regions.province_code)
            else min(regions.city_code)
        end as region_code
    from located
    left join regions on located.region_code = regions.region_code
    where not located.is_total
    group by located.delivery_sha256, located.document_name
)

select
    located.delivery_sha256,
    located.record_no,
    located.is_total,
    regions.region_code,
    regions.province_code,
    regions.city_code
from located
left join totals
    on located.delivery_sha256 = totals.delivery_sha256 and located.document_name = totals.document_name
left join regions
    on coalesce(located.region_code, case when located.is_total then totals.region_code end) = regions.region_code
