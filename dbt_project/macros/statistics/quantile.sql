{# Quantile, interpolated between neighbours, of a relation's sorted list `amounts`; `last_place` is its length minus 1.

   DuckDB's own quantiles accept only constant shares; here the share is the value of a rule. #}
{% macro quantile(relation, share) -%}
    {%- set place = relation ~ '.last_place * ' ~ share -%}
    {%- set below = relation ~ '.amounts[cast(floor(' ~ place ~ ') as bigint) + 1]' -%}
    {%- set above = relation ~ '.amounts[cast(ceil(' ~ place ~ ') as bigint) + 1]' -%}
    {{ below }} + ({{ place }} - floor({{ place }})) * ({{ above }} - {{ below }})
{%- endmacro %}
