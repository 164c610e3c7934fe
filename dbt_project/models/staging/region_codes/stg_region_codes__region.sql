-- Grain: one row per period of a region code as listed.
with source as (
    select * from {{ source('lake', 'region_codes__region') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        region_code,
        prefecture_name,
        name_zh,
        level_name,
        state,
        valid_from_year,
        valid_to_year,
        successor_codes
    from source
)

select * from renamed
