-- Grain: one row per registration as published in a gazette.
with source as (
    select * from {{ source('lake', 'tipo_gazette__registration') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        registration_number,
        application_number,
        mark_text,
        mark_text_norm,
        filing_date,
        registration_date,
        expiry_date,
        mark_type
    from source
)

select * from renamed
