-- Grain: one row per failing item of a row of a sampling notice.
with source as (
    select * from {{ source('lake', 'samr_food_sampling__finding') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        item_no,
        item_name,
        item_name_norm,
        result_text,
        result_comparator,
        result_value,
        result_unit,
        result_max,
        n_results,
        result_values,
        limit_text,
        limit_comparator,
        limit_value,
        limit_value_to,
        limit_unit,
        plan_n,
        plan_c,
        plan_m_low,
        plan_m_high,
        is_exponent_restored
    from source
)

select * from renamed
