{# The rows of one entity of every source of inspection notices, with their source; their staging models agree in columns. #}
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
