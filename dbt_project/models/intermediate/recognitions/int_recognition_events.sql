-- Grain: one row per decision on a recipient, or event of a geographical indication; one in two deliveries counts once.
select
    decisions.recognition_event_key,
    'recognition_list' as source_id,
    decisions.delivery_sha256,
    decisions.record_no,
    decisions.scheme_id,
    decisions.enterprise_key,
    -- A firm is the same recipient under each of its names; any other recipient is identified by its name.
    case decisions.enterprise_key
        when -1 then 'N' || decisions.recipient_name_key else 'E' || cast(decisions.enterprise_key as varchar)
    end as recipient_identity,
    decisions.recipient_name,
    decisions.recipient_name_as_printed,
    decisions.recipient_kind,
    decisions.former_name,
    decisions.former_name_key,
    decisions.object_name,
    decisions.object_text,
    decisions.edition,
    decisions.edition_text,
    decisions.level_name,
    decisions.region_name_norm,
    null as origin_country,
    decisions.document_no,
    decisions.stated_amount_cny,
    decisions.event_type,
    decisions.event_name,
    types.life_cycle_rank,
    types.state,
    decisions.decided_date,
    decisions.decided_date_text,
    {{ earliest_day('decisions.decided_date', 'decisions.decided_date_text') }} as earliest_day,
    coalesce(
        {{ earliest_day('decisions.decided_date', 'decisions.decided_date_text') }},
        case when types.life_cycle_rank <= 2 then cast('0001-01-01' as date) else {{ open_end() }} end
    ) as order_day
from {{ ref('int_recognition_decisions') }} as decisions
inner join {{ ref('recognition_event_types') }} as types on decisions.event_type = types.event_type
union all
select
    recognition_event_key,
    'eambrosia_gi' as source_id,
    delivery_sha256,
    record_no,
    scheme_id,
    -1 as enterprise_key,
    recipient_identity,
    gi_name as recipient_name,
    gi_name as recipient_name_as_printed,
    '地理标志' as recipient_kind,
    null as former_name,
    null as former_name_key,
    gi_name as object_name,
    '' as object_text,
    null as edition,
    '' as edition_text,
    null as level_name,
    null as region_name_norm,
    origin_country,
    document_no,
    null as stated_amount_cny,
    event_type,
    event_name,
    life_cycle_rank,
    state,
    decided_date,
    decided_date_text,
    earliest_day,
    order_day
from {{ ref('int_gi_events') }}
