-- Grain: one row per transcription of a protected name.
with source as (
    select * from {{ source('lake', 'eambrosia_gi__transcription') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        transcription,
        transcription_norm
    from source
)

select * from renamed
