-- Grain: one row per decision on a recipient, or event of a registered name; one in two deliveries is one.
with decisions as (
    select
        *,
        {{ bare_text('scheme_name_norm') }} as scheme_text,
        coalesce({{ bare_text('object_name_norm') }}, '') as object_text,
        coalesce(edition, '') as edition_text,
        {{ is_enterprise_recipient('recipient_kind') }} as is_enterprise,
        {{ natural_key([
            'scheme_name_norm', 'edition', 'event_name_norm', 'level_name', 'decided_date_text',
            'recipient_name_as_printed', 'recipient_name_key', 'recipient_kind', 'object_name_norm', 'uscc',
            'region_name_norm', 'document_no'
        ]) }} as decision_text
    from {{ ref('stg_recognition_list__decision') }}
),

numbered as (
    select
        *,
        row_number() over (partition by delivery_sha256, decision_text order by record_no) as occurrence
    from decisions
),

keyed as (
    select
        * exclude (decision_text, occurrence),
        {{ surrogate_key(['decision_text', 'occurrence']) }} as recognition_event_key
    from numbered
),

once as (
    select
        *,
        row_number() over (partition by recognition_event_key order by delivery_sha256) as delivery_rank
    from keyed
),

words as (
    select
        events.event_name_norm,
        words.event_type,
        row_number()
            over (partition by events.event_name_norm order by words.priority desc, words.word asc)
            as preference
    from (select distinct event_name_norm from decisions) as events
    inner join {{ ref('recognition_event_words') }} as words on position(words.word in events.event_name_norm) > 0
),

typed as (
    select
        once.*,
        coalesce(words.event_type, 'unknown') as event_type,
        coalesce(listed.scheme_id, aliases.scheme_id, once.scheme_text) as scheme_id,
        case
            when not once.is_enterprise then -1
            when names.method = 'override' then names.enterprise_key
            else coalesce(codes.enterprise_key, names.enterprise_key, -1)
        end as enterprise_key
    from once
    left join words on once.event_name_norm = words.event_name_norm and words.preference = 1
    left join {{ ref('int_recognition_schemes') }} as listed on once.scheme_text = listed.scheme_text
    left join {{ ref('recognition_scheme_aliases') }} as aliases
        on
            once.scheme_text = {{ bare_text('aliases.alias_zh') }}
            and (aliases.level is null or once.level_name = aliases.level)
    left join {{ ref('int_enterprise_codes') }} as codes on once.uscc = codes.uscc
    left join {{ ref('int_enterprise_names') }} as names on once.recipient_name_key = names.name_key
    where once.delivery_rank = 1
)

select
    typed.recognition_event_key,
    'recognition_list' as source_id,
    typed.delivery_sha256,
    typed.record_no,
    typed.scheme_id,
    typed.enterprise_key,
    -- A firm is followed under any of its names; every other recipient is its name.
    case typed.enterprise_key
        when -1 then 'N' || typed.recipient_name_key else 'E' || cast(typed.enterprise_key as varchar)
    end as recipient_identity,
    typed.recipient_name,
    typed.recipient_name_as_printed,
    typed.recipient_kind,
    typed.former_name,
    typed.former_name_key,
    typed.object_name,
    typed.object_text,
    typed.edition,
    typed.edition_text,
    typed.level_name,
    typed.region_name_norm,
    null as origin_country,
    typed.document_no,
    typed.stated_amount_cny,
    typed.event_type,
    typed.event_name,
    types.life_cycle_rank,
    types.state,
    typed.decided_date,
    typed.decided_date_text,
    {{ earliest_day('typed.decided_date', 'typed.decided_date_text') }} as earliest_day,
    coalesce(
        {{ earliest_day('typed.decided_date', 'typed.decided_date_text') }},
        case when types.life_cycle_rank <= 2 then cast('0001-01-01' as date) else {{ open_end() }} end
    ) as order_day
from typed
inner join {{ ref('recognition_event_types') }} as types on typed.event_type = types.event_type
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
