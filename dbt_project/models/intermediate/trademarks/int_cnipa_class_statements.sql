-- Grain: one row per class of a mark in China and extract with it, or complete register without it, where the mark has
-- more than one such day.
with changing as (
    select registration_no
    from {{ ref('int_cnipa_classes') }}
    group by registration_no
    having count(*) > count(distinct nice_class) or min(known_date) < max(known_date)
    union
    select registration_no
    from {{ ref('int_cnipa_current_classes') }}
    where closed_date is not null
),

stated as (
    select classes.*
    from {{ ref('int_cnipa_classes') }} as classes
    inner join changing on classes.registration_no = changing.registration_no
),

first_stated as (
    select
        registration_no,
        nice_class,
        min(known_date) as first_date
    from stated
    group by registration_no, nice_class
),

events as (
    select
        concat_ws('|', registration_no, nice_class) as record_key,
        known_date as event_date,
        '' as newest_first,
        md5({{ natural_key(cnipa_content()) }}) as content_hash,
        md5({{ natural_key(cnipa_content()) }}) as version_hash,
        true as is_listed,
        delivery_sha256,
        record_no,
        received_at
    from stated
    union all
    select
        concat_ws('|', classes.registration_no, classes.nice_class) as record_key,
        registers.snapshot_date as event_date,
        '' as newest_first,
        '' as content_hash,
        '' as version_hash,
        false as is_listed,
        registers.delivery_sha256,
        null as record_no,
        registers.received_at
    from first_stated as classes
    inner join {{ ref('int_cnipa_complete_registers') }} as registers on classes.first_date < registers.snapshot_date
    where not {{ is_quarantined('registers.snapshot_date', 'classes.registration_no') }}
)

{{ ranked_events('events') }}
