{# The extracts of China's trademark register: their day, and whether they are the whole register of that day. #}
{% macro cnipa_extracts() -%}
    select
        sha256,
        snapshot_date,
        received_at,
        regexp_matches(lower(original_name), '全量|全库|full|snapshot') and snapshot_date is not null as is_whole
    from {{ ref('int_deliveries') }}
    where source_id = 'cnipa_trademark' and state = 'loaded'
{%- endmacro %}
