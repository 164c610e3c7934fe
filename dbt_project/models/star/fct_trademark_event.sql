-- Grain: one row per event in a mark's current record.
select
    trademark_key,
    event_no,
    event_date,
    {{ date_key('event_date') }} as event_date_key,
    event_code,
    event_type,
    event_text,
    event_date_text
from {{ ref('int_trademark_events') }}
