-- Grain: one row per international class of a case file as published.
with source as (
    select * from {{ source('lake', 'uspto_trademark__classification') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        nice_class,
        class_status_code,
        first_use_date,
        first_use_date_text
    from source
)

select * from renamed
