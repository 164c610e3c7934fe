-- Grain: one row per role in the composite producer of a row of a sampling notice.
with source as (
    select * from {{ source('lake', 'samr_food_sampling__party') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        role,
        party_name,
        party_name_norm,
        party_name_key
    from source
)

select * from renamed
