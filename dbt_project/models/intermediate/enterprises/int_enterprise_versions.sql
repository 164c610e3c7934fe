-- Grain: one row per registered enterprise: its newest register extract.
{{ newest_of_key(
    ref('stg_enterprise_register__enterprise'),
    key=['uscc'],
    newest_first=['extract_date'],
    content=enterprise_content()
) }}
