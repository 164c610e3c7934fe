-- Grain: one row per GB/T 4754 code and period in which its name and its parent code stayed the same, and the unknown
-- industry. Codes that only the register states are included.
with industries as (
    select * from {{ ref('int_industry_timeline') }}
),

-- The industries above are those at the end of the industry's period, or today's.
with_parents as (
    select
        industries.*,
        above.industry_key as parent_industry_key,
        case length(industries.industry_code)
            when 1 then industries.industry_code else divisions.parent_code
        end as section_code,
        case when length(industries.industry_code) >= 2 then left(industries.industry_code, 2) end as division_code,
        case length(industries.industry_code)
            when 3 then industries.industry_code
            when 4 then groups.industry_code
        end as group_code
    from industries
    left join industries as above
        on
            industries.parent_code = above.industry_code
            and industries.valid_to > above.known_from
            and industries.valid_to <= above.known_to
    left join industries as divisions
        on
            left(industries.industry_code, 2) = divisions.industry_code
            and industries.valid_to > divisions.known_from
            and industries.valid_to <= divisions.known_to
    -- A list that merges a group of one class into its division has no code of the group.
    left join industries as groups
        on
            left(industries.industry_code, 3) = groups.industry_code
            and industries.valid_to > groups.valid_from
            and industries.valid_to <= groups.valid_to
),

-- An industry that was split belongs to the narrowest industry of today that contains all of it.
containers as (
    select
        parts.industry_key,
        above.industry_key as today_industry_key,
        row_number() over (
            partition by parts.industry_key order by length(above.industry_code) desc
        ) as preference
    from {{ ref('bridge_industry_restatement') }} as parts
    inner join with_parents as today on parts.today_industry_key = today.industry_key
    inner join with_parents as above
        on
            above.valid_to = {{ open_end() }}
            and above.industry_code in (
                today.section_code, today.division_code, today.group_code, today.industry_code
            )
    group by parts.industry_key, above.industry_key, above.industry_code
    having count(*) = max(parts.n_today_industries)
),

restated as (
    select
        parts.industry_key,
        coalesce(max(containers.today_industry_key), -1) as today_industry_key,
        case when count(*) > 1 then 'split' else min(parts.method) end as today_method,
        count(*) as n_today_industries
    from {{ ref('bridge_industry_restatement') }} as parts
    left join containers on parts.industry_key = containers.industry_key and containers.preference = 1
    group by parts.industry_key
)

select
    industries.industry_key,
    industries.industry_code,
    industries.name_zh,
    sections.name_en,
    case length(industries.industry_code)
        when 1 then 'section' when 2 then 'division' when 3 then 'group' else 'class'
    end as level,
    coalesce(industries.parent_industry_key, -1) as parent_industry_key,
    coalesce(industries.section_code, 'unknown') as section_code,
    industries.division_code,
    industries.group_code,
    division_sectors.sector,
    industries.valid_from,
    industries.valid_to,
    industries.valid_to = {{ open_end() }} as is_current,
    industries.is_listed,
    restated.today_industry_key,
    restated.today_method,
    restated.n_today_industries
from with_parents as industries
inner join restated on industries.industry_key = restated.industry_key
left join {{ ref('industry_sections') }} as sections on industries.industry_code = sections.section_code
left join industries as today on restated.today_industry_key = today.industry_key
left join {{ ref('industry_divisions') }} as division_sectors
    on left(today.industry_code, 2) = division_sectors.division_code
union all
select
    -1 as industry_key,
    'unknown' as industry_code,
    '未知' as name_zh,
    'Unknown' as name_en,
    'unknown' as level,
    -1 as parent_industry_key,
    'unknown' as section_code,
    null as division_code,
    null as group_code,
    null as sector,
    cast('1900-01-01' as date) as valid_from,
    {{ open_end() }} as valid_to,
    true as is_current,
    true as is_listed,
    -1 as today_industry_key,
    'same' as today_method,
    1 as n_today_industries
