{# Whether the complete register of a day has a quarantined row of this mark: then the mark has not left it. #}
{% macro is_quarantined(day, registration_no) -%}
    exists (
        select 1
        from {{ ref('int_cnipa_quarantined_records') }} as quarantined
        where
            {{ day }} = quarantined.snapshot_date
            and contains(quarantined.raw, concat('"', {{ registration_no }}, '"'))
    )
{%- endmacro %}

{# Rank of a status group among the classes of one mark in China, which has the status of its best class. #}
{% macro status_group_rank(status_group) -%}
    case {{ status_group }} when 'live' then 1 when 'pending' then 2 when 'dead' then 3 else 4 end
{%- endmacro %}
