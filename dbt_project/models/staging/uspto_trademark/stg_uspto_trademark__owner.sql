-- Grain: one row per owner entry of a case file as published.
with source as (
    select * from {{ source('lake', 'uspto_trademark__owner') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        entry_no,
        party_type,
        owner_name,
        owner_name_norm,
        owner_name_key,
        nationality_country,
        country,
        state,
        city
    from source
)

select * from renamed
