-- Grain: one row per former name of an enterprise as extracted.
with source as (
    select * from {{ source('lake', 'enterprise_register__former_name') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        former_name,
        former_name_norm,
        former_name_key
    from source
)

select * from renamed
