-- Grain: one row per Taiwan application number.
-- Gazettes only add; between two records of one registration the content decides, never the time of receipt.
select
    {{ surrogate_key(["'TW'", 'application_number']) }} as trademark_key,
    *
from (
    {{ newest_of_key(
        ref('stg_tipo_gazette__registration'),
        key=['application_number'],
        newest_first=['registration_date', 'expiry_date'],
        content=tipo_content()
    ) }}
) as newest
