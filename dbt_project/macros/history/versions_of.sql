{# Every version of an office's marks, and every state that was replaced: the newest records with their own key, and the
   earlier ones of staging, each with the key of its version. `derived` are the columns that the model of newest records
   adds at its end. #}
{% macro versions_of(newest, published, derived=[]) -%}
    select
        newest.*,
        true as is_newest,
        false as is_replaced
    from {{ newest }} as newest
    union all
    select
        versions.trademark_key,
        published.*,
        {% for expression in derived %}{{ expression }}, {% endfor -%}
        false as is_newest,
        versions.is_replaced
    from {{ published }} as published
    inner join {{ ref('int_trademark_versions') }} as versions
        on published.delivery_sha256 = versions.delivery_sha256 and published.record_no = versions.record_no
    where not versions.is_newest
{%- endmacro %}

{# What a list of a mark's version takes over from the version. #}
{% macro version_columns(marks) -%}
    {{ marks }}.durable_trademark_key,
    {{ marks }}.valid_from,
    {{ marks }}.valid_to,
    {{ marks }}.is_current
{%- endmacro %}
