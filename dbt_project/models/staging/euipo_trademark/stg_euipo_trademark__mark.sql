-- Grain: one row per mark as the office produced it in a delivery.
with source as (
    select * from {{ source('lake', 'euipo_trademark__mark') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        application_number,
        operation_code,
        produced_at,
        filing_date,
        registration_date,
        expiry_date,
        status_text,
        status_date,
        mark_kind,
        mark_feature,
        mark_text,
        mark_text_norm
    from source
)

select * from renamed
