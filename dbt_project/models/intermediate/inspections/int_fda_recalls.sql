-- Grain: one row per recall, identified by its first recall number, else by its texts.
with recalls as (
    select
        *,
        coalesce(recall_no, {{ natural_key([
            'report_date', 'recalling_firm', 'product_description', 'recall_reason'
        ]) }}) as recall_identity
    from {{ ref('stg_fda_enforcement__recall') }}
)

select
    {{ surrogate_key(["'fda_enforcement'", 'recall_identity']) }} as inspection_key,
    *
from (
    select
        *,
        row_number() over (
            partition by recall_identity
            order by
                coalesce(exported_date, report_date) desc,
                coalesce(terminated_date, cast('0001-01-01' as date)) desc,
                md5({{ natural_key([
                    'report_date', 'recall_status', 'hazard_class', 'product_type', 'product_description',
                    'recall_reason', 'recalling_firm'
                ]) }}) desc,
                delivery_sha256 desc,
                record_no desc
        ) as newness
    from recalls
) as versions
where newness = 1
