-- Grain: one row per prosecution event of a case file as published.
with source as (
    select * from {{ source('lake', 'uspto_trademark__event') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        event_code,
        event_type,
        event_text,
        event_date,
        event_date_text,
        event_no as event_sequence_no
    from source
)

select * from renamed
