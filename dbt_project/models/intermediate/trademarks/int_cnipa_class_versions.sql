-- Grain: one row per class and version or replaced state of it, for marks in China of which more than one day is told.
with extracts as (
    {{ cnipa_extracts() }}
),

dated as (
    select
        classes.*,
        extracts.received_at,
        coalesce(extracts.snapshot_date, classes.extract_date, cast('1900-01-01' as date)) as known_date
    from {{ ref('stg_cnipa_trademark__registration_class') }} as classes
    inner join extracts on classes.delivery_sha256 = extracts.sha256
),

changing as (
    select registration_no
    from dated
    group by registration_no
    having count(*) > count(distinct nice_class) or min(known_date) < max(known_date)
    union
    select registration_no
    from {{ ref('int_cnipa_current_classes') }}
    where closed_date is not null
),

told as (
    select dated.*
    from dated
    inner join changing on dated.registration_no = changing.registration_no
),

whole as (
    select
        snapshot_date as whole_date,
        min(sha256) as sha256,
        min(received_at) as received_at
    from extracts
    where is_whole
    group by snapshot_date
),

-- A row that the whole register holds but whose contract it broke has not left the register.
set_apart as (
    select
        extracts.snapshot_date as whole_date,
        quarantined.raw
    from {{ source('lake', 'quarantine') }} as quarantined
    inner join extracts on quarantined.delivery_sha256 = extracts.sha256
    where quarantined.source_id = 'cnipa_trademark' and extracts.is_whole
),

events as (
    select
        concat_ws('|', registration_no, nice_class) as record_key,
        known_date as event_date,
        '' as newest_first,
        md5({{ natural_key(cnipa_content()) }}) as content_hash,
        md5({{ natural_key(cnipa_content()) }}) as said,
        true as is_listed,
        delivery_sha256,
        record_no,
        received_at
    from told
    union all
    select
        concat_ws('|', keys.registration_no, keys.nice_class) as record_key,
        whole.whole_date as event_date,
        '' as newest_first,
        '' as content_hash,
        '' as said,
        false as is_listed,
        whole.sha256 as delivery_sha256,
        null as record_no,
        whole.received_at
    from (
        select
            registration_no,
            nice_class,
            min(known_date) as first_date
        from told
        group by registration_no, nice_class
    ) as keys
    inner join whole on keys.first_date < whole.whole_date
    where not exists (
        select 1 from set_apart
        where
            whole.whole_date = set_apart.whole_date
            and contains(set_apart.raw, concat('"', keys.registration_no, '"'))
    )
),

versions as (
    {{ version_runs('events') | indent(4) }}
)

select
    *,
    split_part(record_key, '|', 1) as registration_no,
    split_part(record_key, '|', 2) as nice_class
from versions
