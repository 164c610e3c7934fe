{# An address without what is often left out: spaces, punctuation, province and city before the district, and what
   follows the house number. #}
{% macro street(address) -%}
    nullif(regexp_extract(
        regexp_replace(
            regexp_replace({{ address }}, '[\s\p{P}\p{S}]+', '', 'g'),
            '^(?:中国)?(?:[^区县市路街道]{2,7}?(?:省|自治区))?(?:[^区县省路街道]{2,7}?[市州盟])?', ''
        ),
        '^(.*?[0-9]+号?)', 1
    ), '')
{%- endmacro %}

{# The first four digits of a region's code, its city; the first two of a municipality; null for a province, whose name
   states nothing about the city. #}
{% macro city_digits(region_code) -%}
    case
        when left({{ region_code }}, 2) in ('11', '12', '31', '50') then left({{ region_code }}, 2)
        when {{ region_code }} not like '__0000' then left({{ region_code }}, 4)
    end
{%- endmacro %}

{# Hashes of some words and of them without each of their characters. #}
{% macro sieve(core) -%}
    [hash({{ core }})] || list_transform(
        generate_series(1, length({{ core }})),
        lambda i: hash(left({{ core }}, i - 1) || substr({{ core }}, i + 1))
    )
{%- endmacro %}
