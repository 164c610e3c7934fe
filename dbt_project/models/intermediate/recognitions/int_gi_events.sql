-- Grain: one row per geographical indication of the EU register and event of its life cycle that the register shows.
with applications as (
    select
        gi_identifier,
        min(protected_date) as decided_date
    from {{ ref('stg_eambrosia_gi__gi') }}
    where status in ('applied', 'published')
    group by gi_identifier
),

events as (
    select
        entries.*,
        'nominate' as event_type,
        applications.decided_date
    from {{ ref('int_gi_entries') }} as entries
    inner join applications on entries.gi_identifier = applications.gi_identifier
    union all
    select
        *,
        'grant' as event_type,
        protected_date as decided_date
    from {{ ref('int_gi_entries') }}
    where status in ('registered', 'cancelled')
    union all
    -- The register does not state when an entry was cancelled or removed.
    select
        *,
        case status when 'cancelled' then 'revoke' else 'remove' end as event_type,
        null as decided_date
    from {{ ref('int_gi_entries') }}
    where status = 'cancelled' or is_removed
)

select
    {{ surrogate_key(["'eambrosia_gi'", 'events.gi_identifier', 'events.event_type']) }} as recognition_event_key,
    events.recipient_identity,
    events.scheme_id,
    events.event_type,
    events.status as event_name,
    types.life_cycle_rank,
    types.state,
    events.decided_date,
    cast(events.decided_date as varchar) as decided_date_text,
    events.decided_date as earliest_day,
    coalesce(
        events.decided_date,
        case when types.life_cycle_rank <= 2 then cast('0001-01-01' as date) else {{ open_end() }} end
    ) as order_day,
    events.gi_name,
    events.origin_country,
    coalesce(events.legal_instrument, events.file_number) as document_no,
    events.delivery_sha256,
    events.record_no
from events
inner join {{ ref('recognition_event_types') }} as types on events.event_type = types.event_type
