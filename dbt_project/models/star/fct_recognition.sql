-- Grain: one row per recognition that a recipient is nominated for, holds or held.
with recognitions as (
    select * from {{ ref('int_recognitions') }}
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
    cast(recognitions.expires_at as date) as expires_date,
    case
        when
            recognitions.last_state in ('held', 'conditional')
            and cast(recognitions.expires_at as date) <= {{ as_of() }}
            then 'expired'
        else recognitions.last_state
    end as state,
    coalesce(at_grant.region_key, latest.region_key, -1) as region_key,
    recognitions.granted_date_text,
    recognitions.granted_month,
    recognitions.is_granted,
    recognitions.nominated_date,
    coalesce(
        recognitions.ended_date,
        case when cast(recognitions.expires_at as date) <= {{ as_of() }} then cast(recognitions.expires_at as date) end
    ) as ended_date,
    recognitions.ended_date_text,
    coalesce(
        recognitions.ended_month,
        case
            when
                cast(recognitions.expires_at as date) <= {{ as_of() }}
                then left(cast(cast(recognitions.expires_at as date) as varchar), 7)
        end
    ) as ended_month,
    recognitions.n_events,
    recognitions.origin_country
from recognitions
inner join {{ ref('int_recognition_schemes') }} as schemes on recognitions.scheme_id = schemes.scheme_id
left join {{ ref('int_place_regions') }} as places on recognitions.region_name_norm = places.place_text
left join {{ ref('int_regions') }} as at_grant
    on
        places.region_code = at_grant.region_code
        and recognitions.order_day >= at_grant.valid_from
        and recognitions.order_day < at_grant.valid_to
left join {{ ref('int_regions') }} as latest on places.region_code = latest.region_code and latest.is_latest
