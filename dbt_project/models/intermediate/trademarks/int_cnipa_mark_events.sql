-- Grain: one row per mark in China and day on which a class of it changed, and per earlier belief about such a day.
with class_states as (
    select * from {{ ref('int_cnipa_class_versions') }}
),

moments as (
    select * from {{ ref('int_cnipa_mark_moments') }}
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
        moments.moment < cast({{ open_end() }} as timestamp)
        and (not class_states.is_replaced or moments.moment < class_states.recorded_to)
),

states_of_classes as (
    select
        moments.registration_no,
        moments.event_date,
        moments.moment,
        versions.nice_class,
        versions.delivery_sha256,
        versions.record_no,
        versions.said
    from moments
    inner join class_states as versions
        on
            moments.registration_no = versions.registration_no
            and moments.event_date >= versions.valid_from
            and moments.event_date < versions.valid_to
    where
        moments.moment = cast({{ open_end() }} as timestamp)
        and versions.is_listed
        and not versions.is_replaced
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
)

select
    moments.registration_no,
    moments.event_date,
    moments.received_at,
    states.delivery_sha256,
    states.record_no,
    -- What all that was told came to holds, else what was told last.
    cast(moments.moment as varchar) as newest_first,
    coalesce(states.said, '') as said,
    states.said is not null as is_listed
from moments
left join states
    on
        moments.registration_no = states.registration_no
        and moments.event_date = states.event_date
        and moments.moment = states.moment
