-- Every recognition of the star counts its decisions exactly; a decision made by the as-of date concerns one of them.
with decided as (
    select
        events.recognition_key,
        count(*) as n_events
    from {{ ref('fct_recognition_event') }} as events
    where
        events.event_type not in ('unknown', 'pay')
        and coalesce({{ earliest_day('events.decided_date', 'events.decided_date_text') }}, {{ as_of() }})
        <= {{ as_of() }}
    group by events.recognition_key
)

select
    decided.recognition_key,
    decided.n_events as n_decided,
    recognitions.n_events as n_counted
from decided
full outer join {{ ref('fct_recognition') }} as recognitions on decided.recognition_key = recognitions.recognition_key
where coalesce(decided.n_events, 0) <> coalesce(recognitions.n_events, 0)
