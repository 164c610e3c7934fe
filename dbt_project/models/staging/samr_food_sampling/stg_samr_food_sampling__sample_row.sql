-- Grain: one row per row of a sampling notice as published.
with source as (
    select * from {{ source('lake', 'samr_food_sampling__sample_row') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        row_no,
        sample_no,
        agency_norm,
        notice_no,
        notice_date,
        level_name,
        producer_name,
        producer_name_norm,
        producer_name_key,
        commissioner_name,
        commissioner_name_norm,
        commissioner_name_key,
        producer_address_norm,
        sampled_name,
        sampled_name_norm,
        sampled_name_key,
        sampled_address_norm,
        product_name,
        product_name_norm,
        spec,
        brand_text,
        brand_text_norm,
        production_date_text,
        production_date,
        last_production_date,
        origin_country,
        category_name_norm,
        lab_name,
        result,
        is_recheck,
        source_row_id
    from source
)

select * from renamed
