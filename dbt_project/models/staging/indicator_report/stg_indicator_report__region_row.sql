-- Grain: one row per row of a table of statistics.
with source as (
    select * from {{ source('lake', 'indicator_report__region_row') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        region_name,
        region_name_norm,
        region_code,
        reported_date,
        document_name,
        is_of_which
    from source
)

select * from renamed
