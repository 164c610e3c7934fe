{# An address without the parts that are often omitted: spaces, punctuation, the province and city before the district,
   and everything after the house number. #}
{% macro street(address) -%}
    nullif(regexp_extract(
        regexp_replace(
            regexp_replace({{ address }}, '[\s\p{P}\p{S}]+', '', 'g'),
            '^(?:中国)?(?:[^区县市路街道]{2,7}?(?:省|自治区))?(?:[^区县省路街道]{2,7}?[市州盟])?', ''
        ),
        '^(.*?[0-9]+号?)', 1
    ), '')
{%- endmacro %}

{# The first four digits of a region's code, its city; the first two for a municipality; null for a province, which does
   not identify a city. #}
{% macro city_digits(region_code) -%}
    case
        when left({{ region_code }}, 2) in ('11', '12', '31', '50') then left({{ region_code }}, 2)
        when {{ region_code }} not like '__0000' then left({{ region_code }}, 4)
    end
{%- endmacro %}

{# Hashes of a text and of the text without each one of its characters. #}
{% macro deletion_hashes(core) -%}
    [hash({{ core }})] || list_transform(
        generate_series(1, length({{ core }})),
        lambda i: hash(left({{ core }}, i - 1) || substr({{ core }}, i + 1))
    )
{%- endmacro %}
