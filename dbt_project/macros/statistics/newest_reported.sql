{# What orders the reported values of one indicator, the newest first: the end of their period, then the day of the report. #}
{% macro newest_reported(reported) -%}
    {{ reported }}.period_end_date desc,
    coalesce({{ reported }}.reported_date, cast('0001-01-01' as date)) desc,
    {{ reported }}.indicator_value_key
{%- endmacro %}
