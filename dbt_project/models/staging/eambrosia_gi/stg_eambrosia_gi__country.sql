-- Grain: one row per country of a geographical indication.
with source as (
    select * from {{ source('lake', 'eambrosia_gi__country') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        country_code
    from source
)

select * from renamed
