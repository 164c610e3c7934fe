-- Grain: one row per recognition on the as-of date.
with events as (
    select
        lives.recognition_key,
        lives.order_day as life_day,
        lives.latest_day as life_latest_day,
        events.*,
        {{ latest_month('events.decided_date', 'events.decided_date_text') }} as decided_month
    from {{ ref('int_recognition_events') }} as events
    inner join {{ ref('int_recognition_lives') }} as lives on events.recognition_event_key = lives.recognition_event_key
    where lives.is_effective
),

ranked as (
    select
        *,
        -- The decision that names the recognition: its first grant, else its first nomination, else its first review.
        row_number() over (
            partition by recognition_key
            order by
                case life_cycle_rank when 2 then 0 when 1 then 1 else 2 end,
                life_day,
                life_latest_day,
                recognition_event_key
        ) as naming_rank,
        -- A list without dates may repeat a decision that another list dates.
        row_number()
            over (
                partition by recognition_key, life_cycle_rank
                order by
                    case when decided_date_text is null then 1 else 0 end,
                    life_day,
                    life_latest_day,
                    recognition_event_key
            )
            as kind_rank
    from events
),

dated as (
    select
        recognition_key,
        max(case when life_cycle_rank = 1 and kind_rank = 1 then decided_date end) as nominated_date,
        max(case when life_cycle_rank = 2 and kind_rank = 1 then decided_date end) as granted_date,
        max(case when life_cycle_rank = 2 and kind_rank = 1 then decided_date_text end) as granted_date_text,
        max(case when life_cycle_rank = 2 and kind_rank = 1 then decided_month end) as granted_month,
        max(case when life_cycle_rank = 2 then 1 else 0 end) = 1 as is_granted,
        count(*) as n_events
    from ranked
    group by recognition_key
)

select
    dated.*,
    named.scheme_id,
    named.enterprise_key,
    named.recipient_name,
    named.object_name,
    case when named.life_cycle_rank <= 2 then named.edition end as edition,
    named.level_name,
    named.region_name_norm,
    named.origin_country,
    named.earliest_day,
    named.document_no
from dated
inner join ranked as named on dated.recognition_key = named.recognition_key and named.naming_rank = 1
