-- Grain: one row per decision, with the award (scheme, edition, recipient, object) that it concerns.
with events as (
    select
        *,
        {{ surrogate_key(['scheme_id', 'edition_text', 'recipient_identity', 'object_text']) }} as own_key,
        -- Reviews have editions of their own, so a recognition known only from reviews has none.
        {{ surrogate_key(['scheme_id', "''", 'recipient_identity', 'object_text']) }} as reviewed_key,
        coalesce({{ latest_day('decided_date', 'decided_date_text') }}, {{ open_end() }}) as latest_day
    from {{ ref('int_recognition_events') }}
),

awards as (
    select
        own_key,
        scheme_id,
        edition_text,
        recipient_identity,
        object_text,
        max(life_cycle_rank) as life_cycle_rank
    from events
    where life_cycle_rank in (1, 2)
    group by own_key, scheme_id, edition_text, recipient_identity, object_text
),

-- A nomination and an award of which only one names an object are the same recognition if only one award fits.
nominations as (
    select
        nominated.own_key,
        min(granted.own_key) as award_key
    from awards as nominated
    inner join awards as granted
        on
            nominated.scheme_id = granted.scheme_id
            and nominated.edition_text = granted.edition_text
            and nominated.recipient_identity = granted.recipient_identity
            and (nominated.object_text = '' or granted.object_text = '')
    where nominated.life_cycle_rank = 1 and granted.life_cycle_rank = 2
    group by nominated.own_key
    having count(*) = 1
),

-- Nominations and awards made by the last day that the decision's date can mean: first those of its edition and object,
-- then awards before nominations, then the newest.
reviews as (
    select
        events.recognition_event_key,
        openings.own_key,
        openings.order_day as opened_day,
        row_number() over (
            partition by events.recognition_event_key
            order by
                case when events.edition_text = openings.edition_text then 0 else 1 end,
                case when events.object_text = openings.object_text then 0 else 1 end,
                openings.life_cycle_rank desc,
                openings.order_day desc,
                openings.own_key asc
        ) as preference
    from events
    inner join events as openings
        on
            events.scheme_id = openings.scheme_id
            and events.recipient_identity = openings.recipient_identity
            and (events.object_text = openings.object_text or events.object_text = '' or openings.object_text = '')
            and openings.life_cycle_rank in (1, 2)
            and events.latest_day >= openings.order_day
    where events.life_cycle_rank > 2
)

select
    events.recognition_event_key,
    case
        when events.life_cycle_rank > 2 then coalesce(nominations.award_key, reviews.own_key, events.reviewed_key)
        else coalesce(nominations.award_key, events.own_key)
    end as award_key,
    -- A review dated to the year came after the award of that year.
    greatest(events.order_day, coalesce(reviews.opened_day, events.order_day)) as order_day,
    events.latest_day
from events
left join reviews on events.recognition_event_key = reviews.recognition_event_key and reviews.preference = 1
left join nominations
    on case when events.life_cycle_rank > 2 then reviews.own_key else events.own_key end = nominations.own_key
