-- Grain: one row per industry code of the newest list, or of the packaged sections and divisions that it lacks.
with lists as (
    select
        listed.delivery_sha256,
        row_number() over (
            order by
                coalesce(max(deliveries.snapshot_date), cast('0001-01-01' as date)) desc, listed.delivery_sha256 desc
        ) as newness
    from {{ ref('stg_industry_codes__industry') }} as listed
    left join {{ ref('int_deliveries') }} as deliveries
        on deliveries.source_id = 'industry_codes' and listed.delivery_sha256 = deliveries.sha256
    group by listed.delivery_sha256
),

listed as (
    select
        industries.industry_code,
        industries.name_zh,
        industries.parent_code
    from {{ ref('stg_industry_codes__industry') }} as industries
    inner join lists on industries.delivery_sha256 = lists.delivery_sha256
    where lists.newness = 1
),

packaged as (
    select
        section_code as industry_code,
        name_zh,
        null as parent_code
    from {{ ref('industry_sections') }}
    union all
    select
        divisions.division_code as industry_code,
        divisions.name_zh,
        sections.section_code as parent_code
    from {{ ref('industry_divisions') }} as divisions
    inner join {{ ref('industry_sections') }} as sections
        on divisions.division_code between sections.first_division and sections.last_division
)

select * from listed
union all
select packaged.*
from packaged
where packaged.industry_code not in (select listed.industry_code from listed)
