-- Grain: one row per recall number of a recall.
with source as (
    select * from {{ source('lake', 'fda_enforcement__recall_number') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        recall_number as recall_no
    from source
)

select * from renamed
