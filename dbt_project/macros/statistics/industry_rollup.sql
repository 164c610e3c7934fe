{# Rows of a relation repeated for each industry that contains their industry: section, division, group and class.

   The relation must have industry_key, of today's classification; the result adds industry_code and industry_level. A
   row without a known industry counts for the section `unknown` only, a row whose industry is a division for that
   division and its section. #}
{% macro industry_rollup(relation) -%}
    select
        rolled.*,
        case levels.industry_level
            when 'section' then industries.section_code
            when 'division' then industries.division_code
            when 'group' then industries.group_code
            else industries.industry_code
        end as industry_code,
        levels.industry_level
    from {{ relation }} as rolled
    inner join {{ ref('dim_industry') }} as industries on rolled.industry_key = industries.industry_key
    inner join (
        select 'section' as industry_level
        union all
        select 'division' as industry_level
        union all
        select 'group' as industry_level
        union all
        select 'class' as industry_level
    ) as levels
        on
            levels.industry_level = 'section'
            or (levels.industry_level = 'division' and industries.division_code is not null)
            or (levels.industry_level = 'group' and industries.group_code is not null)
            or (levels.industry_level = 'class' and industries.level = 'class')
{%- endmacro %}
