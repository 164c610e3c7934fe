-- Grain: one row per value of an indicator as reported.
with source as (
    select * from {{ source('lake', 'indicator_report__reported_value') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        indicator_name,
        indicator_name_norm,
        period,
        value,
        unit,
        printed_value
    from source
)

select * from renamed
