{# Rows of audit.evidence: the first record with each content that an entity of a source has had.

   Records that only repeat earlier content are left out: the table grows with changes, not with nights. #}
{% macro first_records(source_id, entity, subject, key, content, first=[]) -%}
    select
        '{{ subject }}' as subject,
        {{ key }} as subject_no,
        '{{ source_id }}' as source_id,
        delivery_sha256,
        record_no
    from (
        select
            *,
            row_number() over (
                partition by {{ key }}, md5({{ natural_key(content) }})
                order by {% for column in first %}{{ column }}, {% endfor %}delivery_sha256, record_no
            ) as content_no
        from {{ source('lake', source_id ~ '__' ~ entity) }}
    ) as {{ subject }}_records
    where content_no = 1
{%- endmacro %}
