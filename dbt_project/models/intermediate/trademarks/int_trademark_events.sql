-- Grain: one row per event in a mark's current record.
{{ config(materialized='view') }}
select
    cases.trademark_key,
    events.item_no as event_no,
    events.event_date,
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
    'REGISTERED' as event_code,
    'R' as event_type,
    '注册公告' as event_text,
    null as event_date_text
from {{ ref('int_tipo_current_registrations') }}
union all
select
    marks.trademark_key,
    publications.item_no as event_no,
    publications.published_date as event_date,
    publications.bulletin_section as event_code,
    'P' as event_type,
    concat('Published in bulletin ', publications.bulletin_no) as event_text,
    null as event_date_text
from {{ ref('stg_euipo_trademark__publication') }} as publications
inner join {{ ref('int_euipo_current_marks') }} as marks
    on publications.delivery_sha256 = marks.delivery_sha256 and publications.record_no = marks.record_no
union all
select
    marks.trademark_key,
    -- Numbered after every publication of the mark.
    100000 + oppositions.item_no as event_no,
    oppositions.opposed_date as event_date,
    'OPPOSITION' as event_code,
    'O' as event_type,
    concat_ws(': ', oppositions.opposition_no, oppositions.grounds) as event_text,
    null as event_date_text
from {{ ref('stg_euipo_trademark__opposition') }} as oppositions
inner join {{ ref('int_euipo_current_marks') }} as marks
    on oppositions.delivery_sha256 = marks.delivery_sha256 and oppositions.record_no = marks.record_no
union all
select
    trademark_key,
    event_no,
    event_date,
    event_code,
    event_type,
    event_text,
    null as event_date_text
from (
    select
        trademark_key,
        1 as event_no,
        preliminary_date as event_date,
        'PUBLISHED' as event_code,
        'P' as event_type,
        '初审公告' as event_text
    from {{ ref('int_cnipa_current_marks') }}
    union all
    select
        trademark_key,
        2 as event_no,
        registration_date as event_date,
        'REGISTERED' as event_code,
        'R' as event_type,
        '注册公告' as event_text
    from {{ ref('int_cnipa_current_marks') }}
) as dated
where event_date is not null
