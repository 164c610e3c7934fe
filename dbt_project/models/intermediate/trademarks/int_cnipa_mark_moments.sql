-- Grain: one row per mark in China, day on which a class of it changed, and moment since which a state was believed.
-- The moment of the state after all statements is the open end.
with class_states as (
    select * from {{ ref('int_cnipa_class_versions') }}
),

days as (
    select
        registration_no,
        event_date,
        min(received_at) as received_at,
        max(received_at) as last_received_at
    from (
        select
            registration_no,
            valid_from as event_date,
            recorded_from as received_at
        from class_states
        union all
        select
            registration_no,
            valid_to as event_date,
            recorded_to as received_at
        from class_states
        where valid_to < {{ open_end() }} and not is_replaced
    ) as changes
    group by registration_no, event_date
),

-- Days that several deliveries state in part, or of which a class was stated otherwise before: a state was believed
-- after each of these deliveries.
believed_days as (
    select
        registration_no,
        event_date,
        received_at
    from days
    where received_at < last_received_at
    union
    select
        days.registration_no,
        days.event_date,
        days.received_at
    from days
    inner join class_states as replaced
        on
            days.registration_no = replaced.registration_no
            and days.event_date >= replaced.valid_from
            and days.event_date < replaced.valid_to
    where replaced.is_replaced
),

stated as (
    select distinct
        believed_days.registration_no,
        believed_days.event_date,
        believed_days.received_at,
        unnest([class_states.recorded_from, class_states.recorded_to]) as moment
    from believed_days
    inner join class_states
        on
            believed_days.registration_no = class_states.registration_no
            and believed_days.event_date >= class_states.valid_from
),

moments as (
    select
        registration_no,
        event_date,
        moment,
        max(moment) over (partition by registration_no, event_date) as last_moment
    from stated
    where moment >= received_at and moment < cast({{ open_end() }} as timestamp)
),

last_moments as (
    select
        registration_no,
        event_date,
        max(last_moment) as last_moment
    from moments
    group by registration_no, event_date
)

select
    days.registration_no,
    days.event_date,
    cast({{ open_end() }} as timestamp) as moment,
    coalesce(last_moments.last_moment, days.received_at) as received_at
from days
left join last_moments
    on days.registration_no = last_moments.registration_no and days.event_date = last_moments.event_date
union all
select
    registration_no,
    event_date,
    moment,
    moment as received_at
from moments
where moment < last_moment
