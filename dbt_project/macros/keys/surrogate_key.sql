{# Text of a natural key: its parts joined by '|', a null part counting as ''. #}
{% macro natural_key(parts) -%}
    {%- if parts | length == 1 -%}
        coalesce(cast({{ parts[0] }} as varchar), '')
    {%- else -%}
        concat_ws(
            '|'
            {%- for part in parts %}, {% if part.startswith("'") %}{{ part }}{% else %}coalesce(cast({{ part }} as varchar), ''){% endif %}{% endfor -%}
        )
    {%- endif -%}
{%- endmacro %}

{# BIGINT from the first 15 hexadecimal digits of md5 over the natural key, so that any engine derives the same. #}
{% macro surrogate_key(parts) -%}
    {%- if target is defined and target.type == 'spark' -%}
        cast(conv(left(md5({{ natural_key(parts) }}), 15), 16, 10) as bigint)
    {%- else -%}
        cast('0x' || left(md5({{ natural_key(parts) }}), 15) as bigint)
    {%- endif -%}
{%- endmacro %}
