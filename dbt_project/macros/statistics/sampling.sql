{# Whether a source draws samples and publishes those that pass too; border alerts and recalls have no pass rate. #}
{% macro is_sampled(source_id) -%}
    {{ source_id }} not in ('rasff', 'fda_enforcement')
{%- endmacro %}
