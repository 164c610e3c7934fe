-- Grain: one row per owner of a registration as published.
with source as (
    select * from {{ source('lake', 'tipo_gazette__owner') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        owner_name,
        owner_name_norm,
        owner_name_key,
        owner_name_en,
        owner_nationality
    from source
)

select * from renamed
