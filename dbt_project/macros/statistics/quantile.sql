{# Quantile of a relation's sorted list `amounts` with `last_place` = its length less one, interpolated between neighbours.

   DuckDB's own quantiles take constants only, and a share that stands in a rule is none. #}
{% macro quantile(relation, share) -%}
    {%- set place = relation ~ '.last_place * ' ~ share -%}
    {%- set below = relation ~ '.amounts[cast(floor(' ~ place ~ ') as bigint) + 1]' -%}
    {%- set above = relation ~ '.amounts[cast(ceil(' ~ place ~ ') as bigint) + 1]' -%}
    {{ below }} + ({{ place }} - floor({{ place }})) * ({{ above }} - {{ below }})
{%- endmacro %}
