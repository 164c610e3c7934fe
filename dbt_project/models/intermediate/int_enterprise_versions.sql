-- Grain: one row per registered enterprise: its newest register extract.
{{ newest_of_key(
    ref('stg_enterprise_register__enterprise'),
    key=['uscc'],
    newest_first=['extract_date'],
    content=[
        'enterprise_name', 'enterprise_name_en', 'registered_date', 'region_code', 'industry_code',
        'registration_state', 'address_norm'
    ]
) }}
