{# Every version and every replaced state of an office's marks: the newest records with the mark's own key, and the
   earlier records of staging with the key of their version. `derived` are the columns that the model of newest records
   adds after those of staging. #}
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

{# Columns that the rows of a list of a mark, such as its owners, copy from the version that they belong to. #}
{% macro version_columns(marks) -%}
    {{ marks }}.durable_trademark_key,
    {{ marks }}.valid_from,
    {{ marks }}.valid_to,
    {{ marks }}.is_current
{%- endmacro %}
