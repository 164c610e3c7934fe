-- Grain: one row per GB/T 4754 code that a list or the register holds, and the unknown industry.
with listed as (
    select * from {{ ref('int_industries') }}
),

seen as (
    select distinct regexp_replace(industry_code, '^[A-T]', '') as industry_code
    from {{ ref('stg_enterprise_register__enterprise') }}
    where length(industry_code) >= 3
),

codes as (
    select
        industry_code,
        name_zh,
        parent_code
    from listed
    union all
    select
        seen.industry_code,
        null as name_zh,
        coalesce(groups.industry_code, divisions.industry_code) as parent_code
    from seen
    left join listed as groups on length(seen.industry_code) = 4 and left(seen.industry_code, 3) = groups.industry_code
    left join listed as divisions on left(seen.industry_code, 2) = divisions.industry_code
    where
        length(seen.industry_code) in (3, 4)
        and seen.industry_code not in (select listed.industry_code from listed)
),

placed as (
    select
        codes.industry_code,
        codes.name_zh,
        codes.parent_code,
        case
            when length(codes.industry_code) = 1 then codes.industry_code else divisions.parent_code
        end as section_code
    from codes
    left join listed as divisions on left(codes.industry_code, 2) = divisions.industry_code
)

select
    {{ surrogate_key(['placed.industry_code']) }} as industry_key,
    placed.industry_code,
    placed.name_zh,
    sections.name_en,
    case length(placed.industry_code)
        when 1 then 'section' when 2 then 'division' when 3 then 'group' else 'class'
    end as level,
    case when placed.parent_code is null then -1 else {{ surrogate_key(['placed.parent_code']) }} end
        as parent_industry_key,
    coalesce(placed.section_code, 'unknown') as section_code,
    division_sectors.sector
from placed
left join {{ ref('industry_sections') }} as sections on placed.industry_code = sections.section_code
left join {{ ref('industry_divisions') }} as division_sectors
    on left(placed.industry_code, 2) = division_sectors.division_code
union all
select
    -1 as industry_key,
    'unknown' as industry_code,
    '未知' as name_zh,
    'Unknown' as name_en,
    'unknown' as level,
    -1 as parent_industry_key,
    'unknown' as section_code,
    null as sector
