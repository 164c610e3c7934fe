-- The star has exactly as many events and owners as the records in the lake from which they are read.
with current_records as (
    select
        delivery_sha256,
        record_no
    from {{ ref('int_uspto_current_cases') }}
),

counts as (
    select
        'events' as list_name,
        (
            select count(*)
            from {{ ref('stg_uspto_trademark__event') }} as events
            where exists (
                select 1
                from current_records
                where
                    events.delivery_sha256 = current_records.delivery_sha256
                    and events.record_no = current_records.record_no
            )
        )
        + (select count(*) from {{ ref('int_tipo_current_registrations') }})
        + (
            select count(*)
            from {{ ref('int_euipo_current_marks') }} as marks
            inner join (
                select
                    delivery_sha256,
                    record_no
                from {{ ref('stg_euipo_trademark__publication') }}
                union all
                select
                    delivery_sha256,
                    record_no
                from {{ ref('stg_euipo_trademark__opposition') }}
            ) as lists on marks.delivery_sha256 = lists.delivery_sha256 and marks.record_no = lists.record_no
        )
        + (select count(preliminary_date) + count(registration_date) from {{ ref('int_cnipa_current_marks') }})
            as n_lake,
        (select count(*) from {{ ref('fct_trademark_event') }}) as n_star
    union all
    select
        'owners' as list_name,
        (select count(*) from {{ ref('int_trademark_owners') }}) as n_lake,
        (select count(*) from {{ ref('bridge_trademark_owner') }}) as n_star
)

select * from counts
where n_lake <> n_star
