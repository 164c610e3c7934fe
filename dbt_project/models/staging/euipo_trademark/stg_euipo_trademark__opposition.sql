-- Grain: one row per opposition to a mark as produced.
with source as (
    select * from {{ source('lake', 'euipo_trademark__opposition') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        opposition_no,
        opposed_date,
        grounds
    from source
)

select * from renamed
