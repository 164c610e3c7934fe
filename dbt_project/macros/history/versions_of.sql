{# Every version of an office's marks: the newest records with their own key, and the earlier ones of staging, each with
   the key of its version. `derived` are the columns that the model of newest records adds at its end. #}
{% macro versions_of(newest, published, derived=[]) -%}
    select
        newest.*,
        true as is_newest
    from {{ newest }} as newest
    union all
    {{ published_with_keys(published, derived) }}
    where not versions.is_newest and not versions.is_replaced
{%- endmacro %}

{# The records of staging that int_trademark_versions names, each with the key of its row there. #}
{% macro published_with_keys(published, derived=[]) -%}
    select
        versions.trademark_key,
        published.*,
        {% for expression in derived %}{{ expression }}, {% endfor -%}
        false as is_newest
    from {{ published }} as published
    inner join {{ ref('int_trademark_versions') }} as versions
        on published.delivery_sha256 = versions.delivery_sha256 and published.record_no = versions.record_no
{%- endmacro %}

{# What a list of a mark's version takes over from the version. #}
{% macro version_columns() -%}
    marks.durable_trademark_key,
    marks.valid_from,
    marks.valid_to,
    marks.is_current
{%- endmacro %}
