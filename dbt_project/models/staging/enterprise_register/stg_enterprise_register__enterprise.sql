-- Grain: one row per enterprise as extracted on a day.
with source as (
    select * from {{ source('lake', 'enterprise_register__enterprise') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        uscc,
        enterprise_name,
        enterprise_name_norm,
        enterprise_name_key,
        enterprise_name_en,
        enterprise_type,
        registered_date,
        region_code,
        address_norm,
        industry_code,
        registration_state,
        extract_date
    from source
)

select * from renamed
