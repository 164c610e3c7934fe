{# Passes when every value of each column in `keys` exists in the `table.column` that `keys` gives for it.
   One test per table, because each test costs as much as reading a small table ten times. #}
{% test keys_known(model, keys) %}
    {% for column, known in keys.items() %}
        {% set table, field = known.split('.') %}
        select
            '{{ column }}' as column_name,
            cast(keys.{{ column }} as varchar) as unknown_key
        from (select distinct {{ column }} from {{ model }}) as keys
        left join {{ ref(table) }} as known on keys.{{ column }} = known.{{ field }}
        where known.{{ field }} is null
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
{% endtest %}
