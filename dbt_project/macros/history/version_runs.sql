{# The versions of each key in order of the business days for which it was told, whatever the order of arrival.

   `events` has record_key, event_date, newest_first and content_hash (which decide among what is told for one day),
   said (what makes a version; equal neighbours are one), is_listed (false where the source tells that it has the key no
   more), delivery_sha256, record_no (null where a list tells by its silence) and received_at. The relation should hold
   only keys of more than one event.

   Periods are half-open and without gaps: where a key was missing and came again, a version of `is_listed` false lies
   between, with the record before it. A key that is missing at the end is closed. recorded_from is when the first
   delivery came that says so, recorded_to when the first came that tells of a later version.

   Rows of `is_replaced` are no versions: what was believed of a day (valid_from) until another record told of the same
   day and held (recorded_from to recorded_to), with the first later day told meanwhile (valid_to) and the place of the
   day among those told (version_no). They depend on the order of arrival, and nothing that is fingerprinted reads them. #}
{% macro version_runs(events) -%}
    with ranked as (
        select
            *,
            min(received_at) over (partition by record_key, event_date, content_hash) as known_at,
            row_number() over (
                partition by record_key, event_date
                order by newest_first desc, content_hash desc, delivery_sha256 desc, record_no desc
            ) as preference
        from {{ events }}
    ),

    chosen as (
        select
            *,
            min(case when is_listed then event_date end) over (partition by record_key) as first_listed
        from ranked
        where preference = 1
    ),

    compared as (
        select
            *,
            coalesce(lag(said) over (partition by record_key order by event_date) = said, false) as is_same
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
    ),

    {{ replaced_runs() | indent(4) }}

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
        record_no,
        false as is_replaced
    from periods
    where version_no <= newest_no
    union all
    select
        record_key,
        version_no,
        valid_from,
        valid_to,
        valid_from as last_told,
        recorded_from,
        recorded_to,
        false as is_newest,
        is_listed,
        said,
        delivery_sha256,
        record_no,
        true as is_replaced
    from replaced
{%- endmacro %}

{# The relation `replaced` of version_runs, from its `ranked`: few records, found before anything is sorted for them. #}
{% macro replaced_runs() -%}
-- What another record outranks that came later, so that it may have been believed until then.
outranked as (
    select
        rivals.record_key,
        rivals.event_date,
        holding.content_hash as holding_hash
    from ranked as rivals
    inner join ranked as holding
        on
            rivals.record_key = holding.record_key
            and rivals.event_date = holding.event_date
            and rivals.received_at < holding.received_at
            and rivals.content_hash <> holding.content_hash
    where rivals.preference > 1 and rivals.record_no is not null and holding.preference = 1
    group by rivals.record_key, rivals.event_date, holding.content_hash
),

contested as (
    select
        ranked.*,
        outranked.holding_hash,
        min(ranked.preference) over (
            partition by ranked.record_key, ranked.event_date order by ranked.received_at
        ) as best_so_far
    from ranked
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
),

beliefs as (
    select
        *,
        lead(received_at) over (partition by record_key, event_date order by received_at) as replaced_at
    from believed
    where not is_repeated
),

days_told as (
    select
        record_key,
        event_date,
        min(received_at) as told_at,
        row_number() over (partition by record_key order by event_date) as day_no
    from ranked
    where record_key in (select outranked.record_key from outranked)
    group by record_key, event_date
),

-- Once a later day was told, what was believed of this one no longer went on beyond it.
ends as (
    select
        record_key,
        event_date,
        received_at,
        since,
        min(until) as until
    from (
        select
            record_key,
            event_date,
            received_at,
            received_at as since,
            {{ open_end() }} as until
        from beliefs
        union all
        select
            beliefs.record_key,
            beliefs.event_date,
            beliefs.received_at,
            greatest(beliefs.received_at, days_told.told_at) as since,
            days_told.event_date as until
        from beliefs
        inner join days_told
            on
                beliefs.record_key = days_told.record_key
                and beliefs.event_date < days_told.event_date
                and beliefs.replaced_at > days_told.told_at
    ) as all_ends
    group by record_key, event_date, received_at, since
),

shortened as (
    select
        *,
        min(until) over (
            partition by record_key, event_date, received_at
            order by since rows between unbounded preceding and 1 preceding
        ) as until_before
    from ends
),

replaced as (
    select
        beliefs.record_key,
        beliefs.is_listed,
        beliefs.said,
        beliefs.delivery_sha256,
        beliefs.record_no,
        shortened.event_date as valid_from,
        shortened.until as valid_to,
        shortened.since as recorded_from,
        cast(days_told.day_no as integer) as version_no,
        coalesce(
            lead(shortened.since) over (
                partition by beliefs.record_key, beliefs.event_date, beliefs.received_at order by shortened.since
            ),
            beliefs.replaced_at
        ) as recorded_to
    from beliefs
    inner join shortened
        on
            beliefs.record_key = shortened.record_key
            and beliefs.event_date = shortened.event_date
            and beliefs.received_at = shortened.received_at
    inner join days_told
        on beliefs.record_key = days_told.record_key and beliefs.event_date = days_told.event_date
    where
        beliefs.content_hash <> beliefs.holding_hash
        and (shortened.until_before is null or shortened.until < shortened.until_before)
)
{%- endmacro %}

{# Key of a version's row: the entity's own key for the newest, so that facts join one row; else one of its own. #}
{% macro version_key(own_key, valid_from, is_newest) -%}
    case when {{ is_newest }} then {{ own_key }} else {{ surrogate_key([own_key, valid_from]) }} end
{%- endmacro %}

{# Key of a row of what was replaced, which is no version's. #}
{% macro replaced_key(own_key, valid_from, recorded_from) -%}
    {{ surrogate_key([own_key, valid_from, recorded_from]) }}
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
