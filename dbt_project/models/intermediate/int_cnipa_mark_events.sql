-- Grain: one row per mark in China and day on which a class of it changed, and per earlier belief about such a day.
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

-- Days told bit by bit, or of which a class was told otherwise before: what was believed each time that more was told.
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

told as (
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
    from told
    where moment >= received_at and moment < cast({{ open_end() }} as timestamp)
),

believed as (
    select
        moments.event_date,
        moments.moment,
        class_states.*,
        class_states.is_replaced and class_states.valid_to <= moments.event_date as is_over,
        row_number() over (
            partition by moments.registration_no, moments.event_date, moments.moment, class_states.nice_class
            order by
                case when class_states.is_replaced and class_states.valid_to <= moments.event_date then 1 else 0 end,
                class_states.valid_from desc,
                class_states.is_replaced desc
        ) as choice,
        max(
            case
                when class_states.is_replaced and class_states.valid_to <= moments.event_date
                    then class_states.valid_from
            end
        ) over (
            partition by moments.registration_no, moments.event_date, moments.moment, class_states.nice_class
        ) as over_from
    from moments
    inner join class_states
        on
            moments.registration_no = class_states.registration_no
            and moments.event_date >= class_states.valid_from
            and moments.moment >= class_states.recorded_from
    where
        moments.moment < moments.last_moment
        and (not class_states.is_replaced or moments.moment < class_states.recorded_to)
),

states_of_classes as (
    select
        days.registration_no,
        days.event_date,
        cast({{ open_end() }} as timestamp) as moment,
        versions.nice_class,
        versions.delivery_sha256,
        versions.record_no,
        versions.said
    from days
    inner join class_states as versions
        on
            days.registration_no = versions.registration_no
            and days.event_date >= versions.valid_from
            and days.event_date < versions.valid_to
    where versions.is_listed and not versions.is_replaced
    union all
    select
        registration_no,
        event_date,
        moment,
        nice_class,
        delivery_sha256,
        record_no,
        said
    from believed
    where
        choice = 1
        and is_listed
        and not is_over
        and (event_date < valid_to or over_from is null or over_from < valid_from)
        and (is_replaced or not is_newest or event_date < valid_to or moment < recorded_to)
),

listed as (
    select
        states_of_classes.*,
        row_number() over (
            partition by states_of_classes.registration_no, states_of_classes.event_date, states_of_classes.moment
            order by
                case statuses.status_group when 'live' then 1 when 'pending' then 2 when 'dead' then 3 else 4 end,
                cast(states_of_classes.nice_class as integer)
        ) as place
    from states_of_classes
    inner join {{ ref('stg_cnipa_trademark__registration_class') }} as classes
        on
            states_of_classes.delivery_sha256 = classes.delivery_sha256
            and states_of_classes.record_no = classes.record_no
    left join {{ ref('trademark_statuses') }} as statuses
        on classes.legal_status = statuses.status_code and statuses.office_code = 'CN'
),

states as (
    select
        registration_no,
        event_date,
        moment,
        max(case when place = 1 then delivery_sha256 end) as delivery_sha256,
        max(case when place = 1 then record_no end) as record_no,
        md5(string_agg(concat_ws('|', nice_class, said), ';' order by nice_class)) as said
    from listed
    group by registration_no, event_date, moment
),

last_moments as (
    select
        registration_no,
        event_date,
        max(last_moment) as last_moment
    from moments
    group by registration_no, event_date
),

beliefs as (
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
)

select
    beliefs.registration_no,
    beliefs.event_date,
    beliefs.received_at,
    states.delivery_sha256,
    states.record_no,
    -- What all that was told came to holds, else what was told last.
    cast(beliefs.moment as varchar) as newest_first,
    coalesce(states.said, '') as said,
    states.said is not null as is_listed
from beliefs
left join states
    on
        beliefs.registration_no = states.registration_no
        and beliefs.event_date = states.event_date
        and beliefs.moment = states.moment
