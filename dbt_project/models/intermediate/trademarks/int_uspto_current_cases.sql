-- Grain: one row per US serial number: its newest published case file.
select
    {{ surrogate_key(["'US'", 'serial_number']) }} as trademark_key,
    *
from (
    {{ newest_of_key(
        ref('stg_uspto_trademark__case_file'),
        key=['serial_number'],
        newest_first=['transaction_date', "coalesce(file_created_at, '')"],
        content=uspto_content()
    ) }}
) as newest
