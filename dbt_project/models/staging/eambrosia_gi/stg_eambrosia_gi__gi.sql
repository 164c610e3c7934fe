-- Grain: one row per geographical indication as exported.
with source as (
    select * from {{ source('lake', 'eambrosia_gi__gi') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        gi_identifier,
        file_number,
        modified_at,
        gi_type,
        product_type,
        status,
        is_removed,
        protected_date,
        legal_instrument,
        producer_group_name
    from source
)

select * from renamed
