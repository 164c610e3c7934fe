{# Rows of a relation repeated for each region that contains their region: the nation, province, city and county.

   The relation must have region_key; the result adds region_code and region_level. A row without a known region
   counts for the nation only. #}
{% macro region_rollup(relation) -%}
    select
        rolled.*,
        case levels.region_level
            when '国家' then '100000'
            when '省级' then regions.province_code
            when '地级' then regions.city_code
            else regions.region_code
        end as region_code,
        levels.region_level
    from {{ relation }} as rolled
    inner join {{ ref('dim_region') }} as regions on rolled.region_key = regions.region_key
    inner join (
        select '国家' as region_level
        union all
        select '省级' as region_level
        union all
        select '地级' as region_level
        union all
        select '县级' as region_level
    ) as levels
        on
            levels.region_level = '国家'
            or (levels.region_level = '省级' and regions.province_code is not null)
            or (levels.region_level = '地级' and regions.city_code is not null)
            or (levels.region_level = '县级' and regions.level = '县级')
{%- endmacro %}
