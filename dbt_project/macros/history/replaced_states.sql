{# What was believed of a day until a preferred record of the same day was received. Such records are few, and are
   selected before anything is sorted. `events` is a model that ends with ranked_events. #}
{% macro beliefs_of_days(events) -%}
    -- Records that a preferred record received later outranks: they may have been believed until then.
    with outranked as (
        select
            rivals.record_key,
            rivals.event_date,
            preferred.content_hash as preferred_hash
        from {{ events }} as rivals
        inner join {{ events }} as preferred
            on
                rivals.record_key = preferred.record_key
                and rivals.event_date = preferred.event_date
                and rivals.received_at < preferred.received_at
                and rivals.content_hash <> preferred.content_hash
        where rivals.preference > 1 and rivals.record_no is not null and preferred.preference = 1
        group by rivals.record_key, rivals.event_date, preferred.content_hash
    ),

    contested as (
        select
            ranked.*,
            outranked.preferred_hash,
            min(ranked.preference) over (
                partition by ranked.record_key, ranked.event_date order by ranked.received_at
            ) as best_so_far
        from {{ events }} as ranked
        inner join outranked on ranked.record_key = outranked.record_key and ranked.event_date = outranked.event_date
        where ranked.record_no is not null
    ),

    believed as (
        select
            *,
            coalesce(
                lag(content_hash) over (partition by record_key, event_date order by received_at) = content_hash, false
            ) as is_repeated
        from contested
        where preference = best_so_far
    )

    select
        *,
        lead(received_at) over (partition by record_key, event_date order by received_at) as replaced_at
    from believed
    where not is_repeated
{%- endmacro %}

{# The days stated for the keys in `beliefs`: when each was first stated, and its number among the days of its key. #}
{% macro days_of_beliefs(beliefs, events) -%}
    select
        record_key,
        event_date,
        min(received_at) as stated_at,
        row_number() over (partition by record_key order by event_date) as day_no
    from {{ events }}
    where record_key in (select {{ beliefs }}.record_key from {{ beliefs }})
    group by record_key, event_date
{%- endmacro %}

{# The spans of each belief: the day until which it was believed to apply (valid_to), and since which moment
   (recorded_from). Once a later day was stated, the belief applied only until that day. #}
{% macro spans_of_beliefs(beliefs, days) -%}
    with ends as (
        select
            record_key,
            event_date,
            received_at,
            recorded_from,
            min(valid_to) as valid_to
        from (
            select
                record_key,
                event_date,
                received_at,
                received_at as recorded_from,
                {{ open_end() }} as valid_to
            from {{ beliefs }}
            union all
            select
                beliefs.record_key,
                beliefs.event_date,
                beliefs.received_at,
                greatest(beliefs.received_at, days.stated_at) as recorded_from,
                days.event_date as valid_to
            from {{ beliefs }} as beliefs
            inner join {{ days }} as days
                on
                    beliefs.record_key = days.record_key
                    and beliefs.event_date < days.event_date
                    and beliefs.replaced_at > days.stated_at
        ) as all_ends
        group by record_key, event_date, received_at, recorded_from
    ),

    shortened as (
        select
            *,
            min(valid_to) over (
                partition by record_key, event_date, received_at
                order by recorded_from rows between unbounded preceding and 1 preceding
            ) as valid_to_before
        from ends
    )

    select *
    from shortened
    where valid_to_before is null or valid_to < valid_to_before
{%- endmacro %}

{# One row per span of a belief that was replaced: its day (valid_from), when it was believed (recorded_from to
   recorded_to), the first later day stated by then (valid_to), and the number of its day among those stated
   (version_no). #}
{% macro replaced_states(beliefs, spans, days) -%}
    select
        beliefs.record_key,
        cast(days.day_no as integer) as version_no,
        spans.event_date as valid_from,
        spans.valid_to,
        spans.event_date as last_stated_on,
        spans.recorded_from,
        coalesce(
            lead(spans.recorded_from) over (
                partition by beliefs.record_key, beliefs.event_date, beliefs.received_at order by spans.recorded_from
            ),
            beliefs.replaced_at
        ) as recorded_to,
        false as is_newest,
        beliefs.is_listed,
        beliefs.version_hash,
        beliefs.delivery_sha256,
        beliefs.record_no,
        true as is_replaced
    from {{ beliefs }} as beliefs
    inner join {{ spans }} as spans
        on
            beliefs.record_key = spans.record_key
            and beliefs.event_date = spans.event_date
            and beliefs.received_at = spans.received_at
    inner join {{ days }} as days
        on beliefs.record_key = days.record_key and beliefs.event_date = days.event_date
    where beliefs.content_hash <> beliefs.preferred_hash
{%- endmacro %}
