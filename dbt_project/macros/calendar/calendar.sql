{# The business date of the build as a DATE. #}
{% macro as_of() -%}
    {%- set given = var('as_of', '') -%}
    {%- set day = given if given else modules.datetime.datetime.now(modules.pytz.timezone('Asia/Shanghai')).strftime('%Y-%m-%d') -%}
    cast('{{ day }}' as date)
{%- endmacro %}

{% macro open_end() -%}
    cast('9999-12-31' as date)
{%- endmacro %}

{# Key of dim_date: yyyymmdd, or the unknown member where the day is not known or outside the calendar. #}
{% macro date_key(day) -%}
    case
        when {{ day }} between cast('1950-01-01' as date) and cast('2060-12-31' as date)
            then cast(extract(year from {{ day }}) * 10000 + extract(month from {{ day }}) * 100 + extract(day from {{ day }}) as bigint)
        else -1
    end
{%- endmacro %}

{# First day that a date known to the year, month or day can mean; for ordering only, never shown as a date. #}
{% macro earliest_day(day, text) -%}
    coalesce(
        {{ day }},
        case length({{ text }})
            when 7 then cast({{ text }} || '-01' as date)
            when 4 then cast({{ text }} || '-01-01' as date)
        end
    )
{%- endmacro %}

{# Last day that a date known to the year, month or day can mean; null where nothing is known. #}
{% macro latest_day(day, text) -%}
    coalesce(
        {{ day }},
        case length({{ text }})
            when 7 then cast(cast({{ text }} || '-01' as date) + interval '1' month - interval '1' day as date)
            when 4 then cast({{ text }} || '-12-31' as date)
        end
    )
{%- endmacro %}

{# Last month 'YYYY-MM' that a date known to the year, month or day can mean; null where nothing is known. #}
{% macro latest_month(day, text) -%}
    case
        when {{ day }} is not null then left(cast({{ day }} as varchar), 7)
        when length({{ text }}) = 7 then {{ text }}
        when length({{ text }}) = 4 then {{ text }} || '-12'
    end
{%- endmacro %}

{# Running number of a day's month: the next month has the next number. #}
{% macro month_number(day) -%}
    (extract(year from {{ day }}) * 12 + extract(month from {{ day }}))
{%- endmacro %}
