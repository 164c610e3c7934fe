-- Grain: one row per RASFF reference.
select
    {{ surrogate_key(["'rasff'", 'notification_no']) }} as inspection_key,
    *
from (
    select
        *,
        row_number() over (
            partition by notification_no
            order by
                notified_date desc,
                md5({{ natural_key([
                    'product_name', 'product_category', 'notifying_country', 'origin_country', 'hazard_substance',
                    'hazard_category'
                ]) }}) desc,
                delivery_sha256 desc,
                record_no desc
        ) as newness
    from {{ ref('stg_rasff__notification') }}
) as versions
where newness = 1
