-- Grain: one row per event in a mark's current record.
select
    cases.trademark_key,
    events.item_no as event_no,
    events.event_date,
    {{ date_key('events.event_date') }} as event_date_key,
    events.event_code,
    events.event_type,
    events.event_text,
    case when events.event_date is null then events.event_date_text end as event_date_text
from {{ ref('stg_uspto_trademark__event') }} as events
inner join {{ ref('int_uspto_current_cases') }} as cases
    on events.delivery_sha256 = cases.delivery_sha256 and events.record_no = cases.record_no
union all
select
    trademark_key,
    1 as event_no,
    registration_date as event_date,
    {{ date_key('registration_date') }} as event_date_key,
    'REGISTERED' as event_code,
    'R' as event_type,
    '注册公告' as event_text,
    null as event_date_text
from {{ ref('int_tipo_current_registrations') }}
