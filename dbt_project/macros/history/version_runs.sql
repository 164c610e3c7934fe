{# The versions of each key in the order of the business days for which it was stated, whatever the order of arrival.

   `events` is a model that ends with ranked_events. It should contain only keys with more than one event.

   Periods are half-open and without gaps: the time between a list that lacks a key and one that has it again is a
   version with `is_listed` false and the record before it. A key that is missing at the end is closed. recorded_from is
   when the first delivery that states the version was received, recorded_to when the first one that states a later
   version was.

   Rows with `is_replaced` are not versions but the rows of replaced_states. They depend on the order of arrival, and no
   fingerprinted table reads them. #}
{% macro version_runs(events) -%}
    with runs as (
        {{ runs_of_events(events) | indent(8) }}
    ),

    periods as (
        {{ periods_of_runs('runs') | indent(8) }}
    ),

    beliefs as (
        {{ beliefs_of_days(events) | indent(8) }}
    ),

    days as (
        {{ days_of_beliefs('beliefs', events) | indent(8) }}
    ),

    spans as (
        {{ spans_of_beliefs('beliefs', 'days') | indent(8) }}
    )

    select
        *,
        false as is_replaced
    from periods
    union all
    {{ replaced_states('beliefs', 'spans', 'days') | indent(4) }}
{%- endmacro %}

{# Events with `preference`, 1 for the record that applies to its day, and `known_at`, when the first delivery that
   states the same was received.

   `events` has record_key, event_date, newest_first and content_hash (which decide between records of one day),
   version_hash (neighbouring days with equal hashes are one version), is_listed (false where the source states that it
   no longer has the key), delivery_sha256, record_no (null where a list states it by not having the key) and
   received_at. #}
{% macro ranked_events(events) -%}
    select
        *,
        min(received_at) over (partition by record_key, event_date, content_hash) as known_at,
        row_number() over (
            partition by record_key, event_date
            order by newest_first desc, content_hash desc, delivery_sha256 desc, record_no desc
        ) as preference
    from {{ events }}
{%- endmacro %}

{# Neighbouring days of a key that state the same version, as one row. #}
{% macro runs_of_events(events) -%}
    with chosen as (
        select
            *,
            min(case when is_listed then event_date end) over (partition by record_key) as first_listed
        from {{ events }}
        where preference = 1
    ),

    compared as (
        select
            *,
            coalesce(lag(version_hash) over (partition by record_key order by event_date) = version_hash, false) as is_same
        from chosen
        where event_date >= first_listed
    ),

    numbered as (
        select
            *,
            cast(sum(case when is_same then 0 else 1 end) over (
                partition by record_key order by event_date rows between unbounded preceding and current row
            ) as integer) as version_no
        from compared
    )

    select
        record_key,
        version_no,
        min(event_date) as valid_from,
        max(event_date) as last_stated_on,
        min(known_at) as recorded_from,
        max(version_hash) as version_hash,
        max(case when is_listed then 1 else 0 end) = 1 as is_listed,
        max(case when not is_same then delivery_sha256 end) as delivery_sha256,
        max(case when not is_same then record_no end) as record_no
    from numbered
    group by record_key, version_no
{%- endmacro %}

{# Runs with the day on which each ends. A run after the last listed one only ends it and gives no row. #}
{% macro periods_of_runs(runs) -%}
    with in_order as (
        select
            record_key,
            version_no,
            valid_from,
            last_stated_on,
            recorded_from,
            version_hash,
            is_listed,
            case when is_listed then delivery_sha256 else lag(delivery_sha256) over by_version end as delivery_sha256,
            case when is_listed then record_no else lag(record_no) over by_version end as record_no,
            lead(valid_from) over by_version as next_from,
            min(recorded_from) over (
                partition by record_key order by version_no rows between 1 following and unbounded following
            ) as later_from,
            max(case when is_listed then version_no end) over (partition by record_key) as newest_no
        from {{ runs }}
        window by_version as (partition by record_key order by version_no)
    )

    select
        record_key,
        version_no,
        valid_from,
        coalesce(next_from, {{ open_end() }}) as valid_to,
        last_stated_on,
        recorded_from,
        coalesce(
            case when later_from < recorded_from then recorded_from else later_from end,
            cast({{ open_end() }} as timestamp)
        ) as recorded_to,
        version_no = newest_no as is_newest,
        is_listed,
        version_hash,
        delivery_sha256,
        record_no
    from in_order
    where version_no <= newest_no
{%- endmacro %}

{# Key of a version's row: the entity's own key for the newest, so that facts join one row; else one of the version. #}
{% macro version_key(own_key, valid_from, is_newest) -%}
    case when {{ is_newest }} then {{ own_key }} else {{ surrogate_key([own_key, valid_from]) }} end
{%- endmacro %}

{# Key of a replaced state, different from the key of any version. #}
{% macro replaced_key(own_key, valid_from, recorded_from) -%}
    {{ surrogate_key([own_key, valid_from, recorded_from]) }}
{%- endmacro %}

{# The rows of a relation whose key occurs more than once or satisfies `or_else`, a condition on the rows of a key. #}
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
