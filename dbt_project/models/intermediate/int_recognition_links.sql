-- Grain: one row per decision, with the recognition that it bears on.
with events as (
    select
        *,
        {{ surrogate_key(['scheme_id', 'edition_text', 'recipient_identity', 'object_text']) }} as own_key,
        -- Reviews name their own edition, so a recognition known only from reviews has none.
        {{ surrogate_key(['scheme_id', "''", 'recipient_identity', 'object_text']) }} as reviewed_key
    from {{ ref('int_recognition_events') }}
),

openings as (
    select
        own_key,
        scheme_id,
        edition_text,
        recipient_identity,
        object_text,
        max(life_cycle_rank) as life_cycle_rank,
        min(order_day) as order_day
    from events
    where life_cycle_rank in (1, 2)
    group by own_key, scheme_id, edition_text, recipient_identity, object_text
),

-- A nominee whose award names an object, or the reverse, is still the same recognition if only one fits.
nominations as (
    select
        nominee.own_key,
        min(winner.own_key) as recognition_key
    from openings as nominee
    inner join openings as winner
        on
            nominee.scheme_id = winner.scheme_id
            and nominee.edition_text = winner.edition_text
            and nominee.recipient_identity = winner.recipient_identity
            and (nominee.object_text = '' or winner.object_text = '')
    where nominee.life_cycle_rank = 1 and winner.life_cycle_rank = 2
    group by nominee.own_key
    having count(*) = 1
),

reviews as (
    select
        events.recognition_event_key,
        openings.own_key,
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
    inner join openings
        on
            events.scheme_id = openings.scheme_id
            and events.recipient_identity = openings.recipient_identity
            and (events.object_text = openings.object_text or events.object_text = '' or openings.object_text = '')
            and events.order_day >= openings.order_day
    where events.life_cycle_rank > 2
)

select
    events.recognition_event_key,
    case
        when
            events.life_cycle_rank > 2
            then coalesce(reviewed_nominations.recognition_key, reviews.own_key, events.reviewed_key)
        else coalesce(nominations.recognition_key, events.own_key)
    end as recognition_key
from events
left join nominations on events.own_key = nominations.own_key and events.life_cycle_rank = 1
left join reviews on events.recognition_event_key = reviews.recognition_event_key and reviews.preference = 1
left join nominations as reviewed_nominations on reviews.own_key = reviewed_nominations.own_key
