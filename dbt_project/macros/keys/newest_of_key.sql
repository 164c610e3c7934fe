{# The rows of a relation without those that a newer row of the same key supersedes.

   Only keys that occur more than once are ranked: a window over every row costs more than the rest. Between rows that
   are equally new, `content` decides, never when a delivery was received or its file name, so that the order of arrival
   does not matter. Rows are addressed by (delivery_sha256, record_no); `key` columns are never null. #}
{% macro newest_of_key(relation, key, newest_first, content) -%}
    select published.*
    from {{ relation }} as published
    left join (
        select
            delivery_sha256,
            record_no
        from (
            select
                delivery_sha256,
                record_no,
                row_number() over (
                    partition by {{ key | join(', ') }}
                    order by
                        {% for expression in newest_first %}{{ expression }} desc, {% endfor -%}
                        md5({{ natural_key(content) }}) desc, delivery_sha256 desc, record_no desc
                ) as newness
            from {{ relation }}
            where ({{ key | join(', ') }}) in (
                select {% if key | length > 1 %}({{ key | join(', ') }}){% else %}{{ key[0] }}{% endif %}
                from {{ relation }}
                group by {{ key | join(', ') }}
                having count(*) > 1
            )
        ) as contenders
        where newness > 1
    ) as superseded
        on published.delivery_sha256 = superseded.delivery_sha256 and published.record_no = superseded.record_no
    where superseded.record_no is null
{%- endmacro %}
