-- Grain: one row per US serial number: its newest published case file.
select
    {{ surrogate_key(["'US'", 'serial_number']) }} as trademark_key,
    *
from (
    {{ newest_of_key(
        ref('stg_uspto_trademark__case_file'),
        key=['serial_number'],
        newest_first=['transaction_date', "coalesce(file_created_at, '')"],
        content=[
            'registration_number', 'status_code', 'status_date_text', 'filing_date_text', 'registration_date_text',
            'renewal_date', 'mark_text', 'mark_drawing_code'
        ]
    ) }}
) as newest
