-- Grain: one row per applicant of a mark as produced.
with source as (
    select * from {{ source('lake', 'euipo_trademark__applicant') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        applicant_identifier
    from source
)

select * from renamed
