-- Grain: one row per case file as published in a delivery.
with source as (
    select * from {{ source('lake', 'uspto_trademark__case_file') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        serial_number,
        registration_number,
        transaction_date,
        file_created_at,
        filing_date,
        filing_date_text,
        registration_date,
        registration_date_text,
        lpad(status_code, 3, '0') as status_code,
        status_date,
        status_date_text,
        mark_text,
        mark_drawing_code,
        renewal_date,
        international_registration_number
    from source
)

select * from renamed
