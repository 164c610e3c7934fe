{# Whether the whole register of a day contains a quarantined row of this mark: the mark has not left the register. #}
{% macro is_set_apart(day, registration_no) -%}
    exists (
        select 1
        from {{ ref('int_cnipa_set_apart') }} as set_apart
        where
            {{ day }} = set_apart.snapshot_date
            and contains(set_apart.raw, concat('"', {{ registration_no }}, '"'))
    )
{%- endmacro %}

{# Rank of a status group among the classes of one mark in China, which has the status of its best class. #}
{% macro status_group_rank(status_group) -%}
    case {{ status_group }} when 'live' then 1 when 'pending' then 2 when 'dead' then 3 else 4 end
{%- endmacro %}
