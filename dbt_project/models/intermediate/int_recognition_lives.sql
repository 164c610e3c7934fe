-- Grain: one row per decision, with the recognition that it bears on: an award made again after its end is another one.
{% set so_far = 'partition by award_key order by order_day, life_cycle_rank, recognition_event_key' %}
{% set before = so_far ~ ' rows between unbounded preceding and 1 preceding' %}
with linked as (
    select
        links.award_key,
        links.order_day,
        links.latest_day,
        events.recognition_event_key,
        events.scheme_id,
        events.life_cycle_rank,
        events.state,
        events.decided_date,
        events.decided_date_text,
        -- An event that is no part of the life cycle leaves no state.
        events.state is not null and coalesce(events.earliest_day, {{ as_of() }}) <= {{ as_of() }} as is_taken,
        case when events.state in ('removed', 'revoked', 'expired') then 1 else 0 end as is_end,
        schemes.validity_years,
        -- A grant known to the year has certainly run out when its last day has.
        case
            when events.life_cycle_rank = 2 and links.latest_day < {{ open_end() }}
                then cast(links.latest_day + schemes.validity_years * interval '1' year as date)
        end as term_day
    from {{ ref('int_recognition_events') }} as events
    inner join {{ ref('int_recognition_links') }} as links on events.recognition_event_key = links.recognition_event_key
    left join {{ ref('int_recognition_schemes') }} as schemes on events.scheme_id = schemes.scheme_id
),

preceded as (
    select
        *,
        coalesce(sum(is_end) over ({{ before }}), 0) as n_ends_before,
        max(term_day) over ({{ before }}) as term_before,
        max(case when life_cycle_rank in (1, 2) then order_day end) over ({{ before }}) as opened_before
    from linked
),

opened as (
    select
        *,
        coalesce(max(case when life_cycle_rank in (1, 2) then n_ends_before end) over ({{ before }}), 0)
            as n_ends_before_opening
    from preceded
),

restarted as (
    select
        *,
        case
            when life_cycle_rank not in (1, 2) then 0
            when n_ends_before > n_ends_before_opening then 1
            when opened_before < term_before and term_before <= order_day then 1
            else 0
        end as is_restart
    from opened
),

numbered as (
    select
        *,
        sum(is_restart) over ({{ so_far }} rows between unbounded preceding and current row) as n_restarts
    from restarted
)

select
    recognition_event_key,
    case n_restarts when 0 then award_key else {{ surrogate_key(['award_key', 'n_restarts']) }} end as recognition_key,
    scheme_id,
    life_cycle_rank,
    state,
    decided_date,
    decided_date_text,
    order_day,
    latest_day,
    term_day,
    validity_years,
    is_taken
from numbered
