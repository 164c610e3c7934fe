-- Grain: one row per failing item of a sampling row.
with source as (
    select * from {{ source('lake', 'samr_food_sampling__finding') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        item_name,
        item_name_norm,
        result_text,
        result_value,
        result_unit,
        limit_text
    from source
)

select * from renamed
