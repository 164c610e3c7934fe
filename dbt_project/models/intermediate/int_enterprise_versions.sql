-- Grain: one row per registered enterprise: its newest register extract.
select *
from (
    select
        *,
        row_number() over (
            partition by uscc
            order by
                extract_date desc,
                md5({{ natural_key([
                    'enterprise_name', 'enterprise_name_en', 'registered_date', 'region_code', 'industry_code',
                    'registration_state', 'address_norm'
                ]) }}) desc,
                delivery_sha256 desc,
                record_no desc
        ) as newness
    from {{ ref('stg_enterprise_register__enterprise') }}
) as versions
where newness = 1
