-- Grain: one row per key of a complete list and change of that key; the first list adds every key that it has.
-- Lists are compared in the order of their days, whatever their order of arrival; files of one day are one list.
with days as (
    select
        source_id,
        list_date,
        min(delivery_sha256) as delivery_sha256,
        row_number() over (partition by source_id order by list_date) as list_no,
        lead(list_date) over (partition by source_id order by list_date) as next_date,
        lead(min(delivery_sha256)) over (partition by source_id order by list_date) as next_sha256
    from {{ source('lake', 'lists') }}
    group by source_id, list_date
),

chosen as (
    select
        records.source_id,
        records.record_key,
        days.list_no,
        days.list_date,
        days.next_date,
        days.next_sha256,
        records.delivery_sha256,
        records.record_no,
        records.content_hash,
        row_number() over (
            partition by records.source_id, records.record_key, days.list_no
            order by records.content_hash desc, records.delivery_sha256 desc, records.record_no asc
        ) as preference
    from {{ source('lake', 'list_records') }} as records
    inner join {{ source('lake', 'lists') }} as listed
        on records.source_id = listed.source_id and records.delivery_sha256 = listed.delivery_sha256
    inner join days on listed.source_id = days.source_id and listed.list_date = days.list_date
),

listed as (
    select
        *,
        lag(list_no) over (partition by source_id, record_key order by list_no) as previous_no,
        lag(content_hash) over (partition by source_id, record_key order by list_no) as previous_hash,
        lead(list_no) over (partition by source_id, record_key order by list_no) as next_no
    from chosen
    where preference = 1
),

changes as (
    select
        source_id,
        record_key,
        case
            when previous_no is null then 'added' when previous_no < list_no - 1 then 'reappeared' else 'changed'
        end as change,
        list_date as valid_from,
        list_no,
        delivery_sha256,
        record_no
    from listed
    where previous_no is null or previous_no < list_no - 1 or previous_hash <> content_hash
    union all
    -- The list that lacks a key has no record of it.
    select
        source_id,
        record_key,
        'vanished' as change,
        next_date as valid_from,
        list_no + 1 as list_no,
        next_sha256 as delivery_sha256,
        null as record_no
    from listed
    where next_date is not null and coalesce(next_no, 0) <> list_no + 1
)

select
    *,
    coalesce(
        lead(valid_from) over (partition by source_id, record_key order by list_no), {{ open_end() }}
    ) as valid_to,
    lead(list_no) over (partition by source_id, record_key order by list_no) is null as is_latest
from changes
