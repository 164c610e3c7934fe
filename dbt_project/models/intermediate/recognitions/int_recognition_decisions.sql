-- Grain: one row per decision on a recipient, with the event, scheme and enterprise that its texts mean; a decision in
-- two deliveries counts once.
{{ config(materialized='view') }}
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

ranked as (
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
)

select
    ranked.*,
    coalesce(words.event_type, 'unknown') as event_type,
    coalesce(listed.scheme_id, aliases.scheme_id, ranked.scheme_text) as scheme_id,
    case
        when not ranked.is_enterprise then -1
        when names.method = 'override' then names.enterprise_key
        else coalesce(codes.enterprise_key, names.enterprise_key, -1)
    end as enterprise_key
from ranked
left join words on ranked.event_name_norm = words.event_name_norm and words.preference = 1
left join {{ ref('int_recognition_schemes') }} as listed on ranked.scheme_text = listed.scheme_text
left join {{ ref('recognition_scheme_aliases') }} as aliases
    on
        ranked.scheme_text = {{ bare_text('aliases.alias_zh') }}
        and (aliases.level is null or ranked.level_name = aliases.level)
left join {{ ref('int_enterprise_codes') }} as codes on ranked.uscc = codes.uscc
left join {{ ref('int_enterprise_names') }} as names on ranked.recipient_name_key = names.name_key
where ranked.delivery_rank = 1
