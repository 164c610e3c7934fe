-- Grain: one row per Nice class of a registration as published.
with source as (
    select * from {{ source('lake', 'tipo_gazette__classification') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        nice_class
    from source
)

select * from renamed
