-- Grain: one row per hazard of a notification.
with source as (
    select * from {{ source('lake', 'rasff__hazard') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        hazard_substance,
        hazard_category
    from source
)

select * from renamed
