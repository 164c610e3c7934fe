-- Grain: one row per moment of a mark in China, as in int_cnipa_mark_moments, and class that was believed listed then.
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
        class_states.is_replaced and class_states.valid_to <= moments.event_date as has_ended,
        row_number() over (
            partition by moments.registration_no, moments.event_date, moments.moment, class_states.nice_class
            order by
                case when class_states.is_replaced and class_states.valid_to <= moments.event_date then 1 else 0 end,
                class_states.valid_from desc,
                class_states.is_replaced desc
        ) as preference,
        max(
            case
                when class_states.is_replaced and class_states.valid_to <= moments.event_date
                    then class_states.valid_from
            end
        ) over (
            partition by moments.registration_no, moments.event_date, moments.moment, class_states.nice_class
        ) as ended_from
    from moments
    inner join class_states
        on
            moments.registration_no = class_states.registration_no
            and moments.event_date >= class_states.valid_from
            and moments.moment >= class_states.recorded_from
    where
        moments.moment < cast({{ open_end() }} as timestamp)
        and (not class_states.is_replaced or moments.moment < class_states.recorded_to)
)

select
    moments.registration_no,
    moments.event_date,
    moments.moment,
    versions.nice_class,
    versions.delivery_sha256,
    versions.record_no,
    versions.version_hash
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
    version_hash
from believed
where
    preference = 1
    and is_listed
    and not has_ended
    and (event_date < valid_to or ended_from is null or ended_from < valid_from)
    and (is_replaced or not is_newest or event_date < valid_to or moment < recorded_to)
