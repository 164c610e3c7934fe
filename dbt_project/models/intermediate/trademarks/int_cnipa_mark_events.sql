-- Grain: one row per mark in China and day on which a class of it changed, and per earlier belief about such a day.
with listed as (
    select
        class_states.*,
        row_number() over (
            partition by class_states.registration_no, class_states.event_date, class_states.moment
            order by
                {{ status_group_rank('statuses.status_group') }},
                cast(class_states.nice_class as integer)
        ) as class_rank
    from {{ ref('int_cnipa_class_moments') }} as class_states
    inner join {{ ref('stg_cnipa_trademark__registration_class') }} as classes
        on class_states.delivery_sha256 = classes.delivery_sha256 and class_states.record_no = classes.record_no
    left join {{ ref('trademark_statuses') }} as statuses
        on classes.legal_status = statuses.status_code and statuses.office_code = 'CN'
),

states as (
    select
        registration_no,
        event_date,
        moment,
        max(case when class_rank = 1 then delivery_sha256 end) as delivery_sha256,
        max(case when class_rank = 1 then record_no end) as record_no,
        md5(string_agg(concat_ws('|', nice_class, version_hash), ';' order by nice_class)) as version_hash
    from listed
    group by registration_no, event_date, moment
)

select
    moments.registration_no,
    moments.event_date,
    moments.received_at,
    states.delivery_sha256,
    states.record_no,
    -- The state after all statements is preferred, then the state after the latest of them.
    cast(moments.moment as varchar) as newest_first,
    coalesce(states.version_hash, '') as version_hash,
    states.version_hash is not null as is_listed
from {{ ref('int_cnipa_mark_moments') }} as moments
left join states
    on
        moments.registration_no = states.registration_no
        and moments.event_date = states.event_date
        and moments.moment = states.moment
