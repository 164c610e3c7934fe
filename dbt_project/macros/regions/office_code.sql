{# Digits 3-8 of a credit code, 1-6 of an old number: the region of the registration office when the code was given. #}
{% macro office_code(uscc) -%}
    case length({{ uscc }}) when 18 then substr({{ uscc }}, 3, 6) when 15 then left({{ uscc }}, 6) end
{%- endmacro %}
