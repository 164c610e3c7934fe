{# Whether a recipient of a recognition is a firm. Places, products, people, teams and brands without a firm are not. #}
{% macro is_enterprise_recipient(kind) -%}
    coalesce(not regexp_matches({{ kind }}, '品牌|产品|地理标志|区域|地区|地方|个人|人物|团队|班组'), true)
{%- endmacro %}

{# Text of a name without spaces and quotation marks, for comparing schemes and objects. #}
{% macro bare_text(text) -%}
    regexp_replace({{ text }}, '[\s“”"''‘’《》「」]', '', 'g')
{%- endmacro %}
