-- Grain: one row per firm that a row of a spot-check list names in a role, in a composite cell or a column of the role.
with source as (
    select * from {{ source('lake', 'product_spot_check__party') }}
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
