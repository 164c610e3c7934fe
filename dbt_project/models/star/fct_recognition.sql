-- Grain: one row per recognition that a recipient is nominated for, holds or held.
{{ config(post_hook="{{ recognition_as_of() }}") }}
with recognitions as (
    select * from {{ ref('int_recognitions') }}
),

states as (
    select
        *,
        max(case when state not in ('removed', 'revoked', 'expired') then valid_from end)
            over (partition by recognition_key)
            as last_open_from
    from {{ ref('fct_recognition_state') }}
),

-- A recognition ended with its first end that no award or review followed.
summaries as (
    select
        recognition_key,
        max(case when valid_to = {{ open_end() }} then state end) as state,
        max(expires_date) as expires_date,
        min(case when last_open_from is null or valid_from > last_open_from then valid_from end) as ended_from
    from states
    group by recognition_key
)

select
    recognitions.recognition_key,
    {{ surrogate_key(['recognitions.scheme_id']) }} as scheme_key,
    recognitions.enterprise_key,
    recognitions.recipient_name,
    recognitions.object_name,
    recognitions.edition,
    coalesce(recognitions.level_name, schemes.level) as level,
    recognitions.granted_date,
    summaries.expires_date,
    summaries.state,
    coalesce(at_grant.region_key, places.region_key, -1) as region_key,
    recognitions.granted_date_text,
    recognitions.granted_month,
    recognitions.is_granted,
    recognitions.nominated_date,
    case when length(ends.since_text) = 10 then ends.valid_from end as ended_date,
    ends.since_text as ended_date_text,
    case length(ends.since_text) when 4 then ends.since_text || '-12' else left(ends.since_text, 7) end as ended_month,
    recognitions.n_events,
    recognitions.origin_country
from recognitions
inner join summaries on recognitions.recognition_key = summaries.recognition_key
left join states as ends on summaries.recognition_key = ends.recognition_key and summaries.ended_from = ends.valid_from
inner join {{ ref('int_recognition_schemes') }} as schemes on recognitions.scheme_id = schemes.scheme_id
left join {{ ref('int_place_regions') }} as places on recognitions.region_name_norm = places.place_text
left join {{ ref('int_region_timeline') }} as at_grant
    on
        places.region_key = at_grant.anchor_key
        and recognitions.earliest_day >= at_grant.valid_from
        and recognitions.earliest_day < at_grant.valid_to
