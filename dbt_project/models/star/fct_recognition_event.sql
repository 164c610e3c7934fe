-- Grain: one row per decision on a recipient.
select
    events.recognition_event_key,
    lives.recognition_key,
    {{ surrogate_key(['events.scheme_id']) }} as scheme_key,
    events.enterprise_key,
    events.event_type,
    events.event_name,
    events.decided_date,
    {{ date_key('events.decided_date') }} as decided_date_key,
    events.decided_date_text,
    events.edition,
    events.level_name as level,
    events.recipient_name,
    events.recipient_name_as_printed,
    events.recipient_kind,
    events.object_name,
    coalesce(at_decision.region_key, places.region_key, -1) as region_key,
    events.document_no,
    coalesce(deliveries.delivery_key, -1) as delivery_key,
    events.record_no,
    events.source_id,
    events.stated_amount_cny
from {{ ref('int_recognition_events') }} as events
inner join {{ ref('int_recognition_lives') }} as lives on events.recognition_event_key = lives.recognition_event_key
left join {{ ref('int_place_regions') }} as places on events.region_name_norm = places.place_text
left join {{ ref('int_region_timeline') }} as at_decision
    on
        places.region_key = at_decision.anchor_key
        and events.earliest_day >= at_decision.valid_from
        and events.earliest_day < at_decision.valid_to
left join {{ ref('int_deliveries') }} as deliveries
    on events.source_id = deliveries.source_id and events.delivery_sha256 = deliveries.sha256
