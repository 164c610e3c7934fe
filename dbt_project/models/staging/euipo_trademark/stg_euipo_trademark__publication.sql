-- Grain: one row per publication of a mark as produced.
with source as (
    select * from {{ source('lake', 'euipo_trademark__publication') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        bulletin_no,
        bulletin_section,
        published_date
    from source
)

select * from renamed
