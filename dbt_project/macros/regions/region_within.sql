{# Whether a row of dim_region is within the region of a code and level. #}
{% macro region_within(regions, code, level) -%}
    case {{ level }}
        when '国家' then true
        when '省级' then {{ regions }}.province_code = {{ code }}
        when '地级' then {{ regions }}.city_code = {{ code }}
        else {{ regions }}.region_code = {{ code }}
    end
{%- endmacro %}
