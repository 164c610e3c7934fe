{# Whether a scheme is a list of exporters, which names firms but is not a recognition. #}
{% macro is_exporter_list(scheme_key) -%}
    {{ scheme_key }} in (
        select covered.scheme_key
        from {{ ref('bridge_rule_scheme') }} as covered
        inner join {{ ref('dim_rule') }} as rules on covered.rule_key = rules.rule_key
        where rules.rule_kind = 'exporter_list'
    )
{%- endmacro %}
