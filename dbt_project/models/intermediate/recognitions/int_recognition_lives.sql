-- Grain: one row per decision, with the recognition that it concerns: an award made again after its end is another one.
-- Order within one day: nomination, award, review, end; among equals, the most exactly dated first.
{% set in_order = 'order by order_day, life_cycle_rank, latest_day, recognition_event_key' %}
{% set so_far = in_order ~ ' rows between unbounded preceding and current row' %}
{% set before = in_order ~ ' rows between unbounded preceding and 1 preceding' %}
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
        -- An event outside the life cycle sets no state.
        events.state is not null and coalesce(events.earliest_day, {{ as_of() }}) <= {{ as_of() }} as is_effective,
        case when events.state in ('removed', 'revoked', 'expired') then 1 else 0 end as is_end,
        case when events.life_cycle_rank in (1, 2) then 1 else 0 end as is_opening,
        schemes.validity_years,
        -- A grant dated to the year has certainly expired a term after the last day of that year.
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
        coalesce(sum(is_end) over (partition by award_key {{ before }}), 0) as n_ends_before
    from linked
),

reopened as (
    select
        *,
        max(case is_opening when 1 then n_ends_before end) over (partition by award_key {{ before }})
            as n_ends_before_opening
    from preceded
),

ended as (
    select
        *,
        case
            when is_opening = 1 and n_ends_before > coalesce(n_ends_before_opening, 0) then 1
            else 0
        end as follows_end
    from reopened
),

opened as (
    select
        *,
        sum(follows_end) over (partition by award_key {{ so_far }}) as n_ends_followed
    from ended
),

-- A nomination after the end of the term begins the next recognition; the award that follows does not begin another.
expired as (
    select
        *,
        case
            when
                is_opening = 1
                and max(term_day) over (partition by award_key, n_ends_followed {{ before }}) <= order_day
                and max(case is_opening when 1 then order_day end)
                    over (partition by award_key, n_ends_followed {{ before }})
                < max(term_day) over (partition by award_key, n_ends_followed {{ before }})
                then 1
            else 0
        end as follows_term
    from opened
),

numbered as (
    select
        *,
        sum(follows_term) over (partition by award_key, n_ends_followed {{ so_far }}) as n_terms_followed
    from expired
)

select
    recognition_event_key,
    case
        when n_ends_followed = 0 and n_terms_followed = 0 then award_key
        else {{ surrogate_key(['award_key', 'n_ends_followed', 'n_terms_followed']) }}
    end as recognition_key,
    scheme_id,
    life_cycle_rank,
    state,
    decided_date,
    decided_date_text,
    order_day,
    latest_day,
    term_day,
    validity_years,
    is_effective
from numbered
