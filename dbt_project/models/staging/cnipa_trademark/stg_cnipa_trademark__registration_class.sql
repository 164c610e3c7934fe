-- Grain: one row per class of a mark as extracted.
with source as (
    select * from {{ source('lake', 'cnipa_trademark__registration_class') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        registration_no,
        nice_class,
        mark_text,
        mark_text_norm,
        applicant_name,
        applicant_name_norm,
        applicant_name_key,
        applicant_name_en,
        applicant_address,
        filing_date,
        preliminary_date,
        registration_date,
        term_start_date,
        expiry_date,
        mark_kind,
        legal_status_norm as legal_status,
        is_well_known,
        international_registration_no,
        extract_date
    from source
)

select * from renamed
