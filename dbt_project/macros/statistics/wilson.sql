{# Bounds of the Wilson score interval of a proportion at 95 % (z = 1.959964), as fractions; null without observations. #}
{% macro wilson_low(n_success, n) -%}
    {{ wilson_bound(n_success, n, '-') }}
{%- endmacro %}

{% macro wilson_high(n_success, n) -%}
    {{ wilson_bound(n_success, n, '+') }}
{%- endmacro %}

{% macro wilson_bound(n_success, n, sign) -%}
    {%- set z = 1.959963984540054 -%}
    {%- set p = '(cast(' ~ n_success ~ ' as double) / ' ~ n ~ ')' -%}
    case
        when {{ n_success }} = {{ '0' if sign == '-' else n }} and {{ n }} > 0 then {{ '0.0' if sign == '-' else '1.0' }}
        when {{ n }} > 0
            then least(1.0, greatest(0.0,
                ({{ p }} + {{ z * z / 2 }} / {{ n }} {{ sign }} {{ z }} * sqrt({{ p }} * (1 - {{ p }}) / {{ n }} + {{ z * z / 4 }} / ({{ n }} * {{ n }})))
                / (1 + {{ z * z }} / {{ n }})
            ))
    end
{%- endmacro %}
