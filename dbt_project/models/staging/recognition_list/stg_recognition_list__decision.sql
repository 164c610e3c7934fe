-- Grain: one row per recipient in a decision as published.
with source as (
    select * from {{ source('lake', 'recognition_list__decision') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        scheme_name,
        scheme_name_norm,
        edition,
        event_name,
        event_name_norm,
        level_name,
        decided_date,
        decided_date_text,
        recipient_name,
        recipient_name_norm,
        recipient_name_key,
        recipient_name_as_printed,
        former_name,
        former_name_norm,
        former_name_key,
        recipient_kind,
        object_name,
        object_name_norm,
        uscc,
        region_name_norm,
        document_no,
        stated_amount_cny
    from source
)

select * from renamed
