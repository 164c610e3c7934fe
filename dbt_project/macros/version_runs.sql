{# The versions of each key in order of the business days for which it was told, whatever the order of arrival.

   `events` has record_key, event_date, newest_first and content_hash (which decide among what is told for one day),
   said (what makes a version; equal neighbours are one), is_listed (false where the source tells that it has the key no
   more), delivery_sha256, record_no and received_at. The relation should hold only keys of more than one event.

   Periods are half-open and without gaps: where a key was missing and came again, a version of `is_listed` false lies
   between, with the record before it. A key that is missing at the end is closed. recorded_from is when the first
   delivery came that says so, recorded_to when the first came that tells of a later version. #}
{% macro version_runs(events) -%}
    with ranked as (
        select
            *,
            min(received_at) over (partition by record_key, event_date, said) as known_at,
            min(case when is_listed then event_date end) over (partition by record_key) as first_listed,
            row_number() over (
                partition by record_key, event_date
                order by newest_first desc, content_hash desc, delivery_sha256 desc, record_no desc
            ) as preference
        from {{ events }}
    ),

    compared as (
        select
            *,
            coalesce(lag(said) over (partition by record_key order by event_date) = said, false) as is_same
        from ranked
        where preference = 1 and event_date >= first_listed
    ),

    numbered as (
        select
            *,
            cast(sum(case when is_same then 0 else 1 end) over (
                partition by record_key order by event_date rows between unbounded preceding and current row
            ) as integer) as version_no
        from compared
    ),

    runs as (
        select
            record_key,
            version_no,
            min(event_date) as valid_from,
            max(event_date) as last_told,
            min(known_at) as recorded_from,
            max(said) as said,
            max(case when is_listed then 1 else 0 end) = 1 as is_listed,
            max(case when not is_same then delivery_sha256 end) as delivery_sha256,
            max(case when not is_same then record_no end) as record_no
        from numbered
        group by record_key, version_no
    ),

    periods as (
        select
            record_key,
            version_no,
            valid_from,
            last_told,
            recorded_from,
            said,
            is_listed,
            case when is_listed then delivery_sha256 else lag(delivery_sha256) over in_order end as delivery_sha256,
            case when is_listed then record_no else lag(record_no) over in_order end as record_no,
            lead(valid_from) over in_order as next_from,
            min(recorded_from) over (
                partition by record_key order by version_no rows between 1 following and unbounded following
            ) as later_from,
            max(case when is_listed then version_no end) over (partition by record_key) as newest_no
        from runs
        window in_order as (partition by record_key order by version_no)
    )

    select
        record_key,
        version_no,
        valid_from,
        coalesce(next_from, {{ open_end() }}) as valid_to,
        last_told,
        recorded_from,
        coalesce(
            case when later_from < recorded_from then recorded_from else later_from end,
            cast({{ open_end() }} as timestamp)
        ) as recorded_to,
        version_no = newest_no as is_newest,
        is_listed,
        said,
        delivery_sha256,
        record_no
    from periods
    where version_no <= newest_no
{%- endmacro %}

{# Key of a version's row: the entity's own key for the newest, so that facts join one row; else one of its own. #}
{% macro version_key(own_key, valid_from, is_newest) -%}
    case when {{ is_newest }} then {{ own_key }} else {{ surrogate_key([own_key, valid_from]) }} end
{%- endmacro %}

{# The rows of a relation whose key occurs more than once, or meets `or_else`. #}
{% macro of_repeated_keys(relation, key, or_else=none) -%}
    select *
    from {{ relation }}
    where {{ key }} in (
        select {{ key }}
        from {{ relation }}
        group by {{ key }}
        having count(*) > 1 {% if or_else %}or {{ or_else }}{% endif %}
    )
{%- endmacro %}
