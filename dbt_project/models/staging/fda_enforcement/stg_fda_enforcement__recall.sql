-- Grain: one row per recall as reported.
with source as (
    select * from {{ source('lake', 'fda_enforcement__recall') }}
),

renamed as (
    select
        delivery_sha256,
        record_no,
        report_date,
        exported_date,
        reference as recall_no,
        recall_status,
        classification as hazard_class,
        product_type,
        product_description,
        recall_reason,
        recalling_firm,
        terminated_date
    from source
)

select * from renamed
