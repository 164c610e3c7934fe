-- Grain: one row per Nice class of a mark as produced.
with source as (
    select * from {{ source('lake', 'euipo_trademark__classification') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        nice_class,
        goods_text,
        goods_language
    from source
)

select * from renamed
