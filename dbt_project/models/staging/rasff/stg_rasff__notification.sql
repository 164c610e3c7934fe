-- Grain: one row per notification as exported.
with source as (
    select * from {{ source('lake', 'rasff__notification') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        reference as notification_no,
        notified_date,
        notifying_country,
        origin_country,
        product_name,
        product_category,
        hazard_substance,
        hazard_category
    from source
)

select * from renamed
