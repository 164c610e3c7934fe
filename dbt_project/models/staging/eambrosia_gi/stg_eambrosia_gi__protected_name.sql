-- Grain: one row per protected name of a geographical indication.
with source as (
    select * from {{ source('lake', 'eambrosia_gi__protected_name') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        protected_name,
        protected_name_norm,
        protected_name_key
    from source
)

select * from renamed
