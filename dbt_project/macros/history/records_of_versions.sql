{# The records from which the lists of each version of an office's marks are read: the newest, and the earlier ones. #}
{% macro records_of_versions(newest) -%}
    select
        trademark_key,
        delivery_sha256,
        record_no
    from {{ newest }}
    union all
    select
        trademark_key,
        delivery_sha256,
        record_no
    from {{ ref('int_trademark_versions') }}
    where is_listed and not is_newest and not is_replaced
{%- endmacro %}
