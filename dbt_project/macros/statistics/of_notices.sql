{# The rows of one entity from every source of inspection notices, with the source. The staging models share columns. #}
{% macro of_notices(entity) -%}
    {%- for source in ['product_spot_check', 'samr_food_sampling'] %}
    select
        '{{ source }}' as source_id,
        *
    from {{ ref('stg_' ~ source ~ '__' ~ entity) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
