-- Grain: one row per GB/T 4754 section, division or other code seen in the register, and the unknown industry.
with seen as (
    select distinct regexp_replace(industry_code, '^[A-T]', '') as industry_code
    from {{ ref('int_enterprise_versions') }}
    where length(industry_code) >= 3
),

sections as (
    select * from {{ ref('industry_sections') }}
),

codes as (
    select
        section_code as industry_code,
        name_zh,
        name_en,
        'section' as level,
        section_code
    from sections
    union all
    select
        divisions.division_code as industry_code,
        divisions.name_zh,
        null as name_en,
        'division' as level,
        sections.section_code
    from {{ ref('industry_divisions') }} as divisions
    inner join sections on divisions.division_code between sections.first_division and sections.last_division
    union all
    select
        seen.industry_code,
        null as name_zh,
        null as name_en,
        case length(seen.industry_code) when 3 then 'group' else 'class' end as level,
        sections.section_code
    from seen
    left join sections on left(seen.industry_code, 2) between sections.first_division and sections.last_division
    where length(seen.industry_code) in (3, 4)
)

select
    {{ surrogate_key(['industry_code']) }} as industry_key,
    industry_code,
    name_zh,
    name_en,
    level,
    case
        when level = 'section' or section_code is null then -1 else {{ surrogate_key(['section_code']) }}
    end as parent_industry_key,
    coalesce(section_code, 'unknown') as section_code
from codes
union all
select
    -1 as industry_key,
    'unknown' as industry_code,
    '未知' as name_zh,
    'Unknown' as name_en,
    'unknown' as level,
    -1 as parent_industry_key,
    'unknown' as section_code
