-- Grain: one row per industry code as listed.
with source as (
    select * from {{ source('lake', 'industry_codes__industry') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        industry_code,
        name_zh_norm as name_zh,
        parent_code
    from source
)

select * from renamed
