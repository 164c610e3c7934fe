{# Order of the reported values of one indicator, newest first: by the end of the period, then the day of the report. #}
{% macro newest_reported(reported) -%}
    {{ reported }}.period_end_date desc,
    coalesce({{ reported }}.reported_date, cast('0001-01-01' as date)) desc,
    {{ reported }}.indicator_value_key
{%- endmacro %}
