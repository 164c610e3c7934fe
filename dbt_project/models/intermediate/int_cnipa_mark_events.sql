-- Grain: one row per mark in China and day on which a class of it changed.
with days as (
    select
        registration_no,
        event_date,
        min(received_at) as received_at
    from (
        select
            registration_no,
            valid_from as event_date,
            recorded_from as received_at
        from {{ ref('int_cnipa_class_versions') }}
        union all
        select
            registration_no,
            valid_to as event_date,
            recorded_to as received_at
        from {{ ref('int_cnipa_class_versions') }}
        where valid_to < {{ open_end() }}
    ) as changes
    group by registration_no, event_date
),

listed as (
    select
        days.registration_no,
        days.event_date,
        versions.nice_class,
        versions.delivery_sha256,
        versions.record_no,
        versions.said,
        row_number() over (
            partition by days.registration_no, days.event_date
            order by
                case statuses.status_group when 'live' then 1 when 'pending' then 2 when 'dead' then 3 else 4 end,
                cast(versions.nice_class as integer)
        ) as place
    from days
    inner join {{ ref('int_cnipa_class_versions') }} as versions
        on
            days.registration_no = versions.registration_no
            and days.event_date >= versions.valid_from
            and days.event_date < versions.valid_to
    inner join {{ ref('stg_cnipa_trademark__registration_class') }} as classes
        on versions.delivery_sha256 = classes.delivery_sha256 and versions.record_no = classes.record_no
    left join {{ ref('trademark_statuses') }} as statuses
        on classes.legal_status = statuses.status_code and statuses.office_code = 'CN'
    where versions.is_listed
),

states as (
    select
        registration_no,
        event_date,
        max(case when place = 1 then delivery_sha256 end) as delivery_sha256,
        max(case when place = 1 then record_no end) as record_no,
        md5(string_agg(concat_ws('|', nice_class, said), ';' order by nice_class)) as said
    from listed
    group by registration_no, event_date
)

select
    days.registration_no,
    days.event_date,
    days.received_at,
    states.delivery_sha256,
    states.record_no,
    coalesce(states.said, '') as said,
    states.said is not null as is_listed
from days
left join states on days.registration_no = states.registration_no and days.event_date = states.event_date
