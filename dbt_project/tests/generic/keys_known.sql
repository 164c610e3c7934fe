{# Passes when every value of a column is the key of a row in another model. #}
{% test keys_known(model, column_name, to, field) %}
    select keys.{{ column_name }}
    from (select distinct {{ column_name }} from {{ model }}) as keys
    left join {{ to }} as known on keys.{{ column_name }} = known.{{ field }}
    where known.{{ field }} is null
{% endtest %}
