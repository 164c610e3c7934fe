-- Grain: one row per recognition and period in which it was in one state by one decision, up to the as-of date.
{% set so_far = 'partition by recognition_key order by order_day, life_cycle_rank, latest_day, recognition_event_key' %}
with effective as (
    select
        *,
        -- Without a stated day, a nomination or award counts from the start of time, an end from the as-of date.
        case
            when order_day = {{ open_end() }} then {{ as_of() }}
            else greatest(order_day, cast('1900-01-01' as date))
        end as valid_from,
        max(life_cycle_rank) over ({{ so_far }} rows between unbounded preceding and 1 preceding) as highest_before,
        max(term_day) over ({{ so_far }} rows between unbounded preceding and current row) as granted_term,
        max(case when decided_date is not null then term_day end)
            over ({{ so_far }} rows between unbounded preceding and current row)
            as dated_term
    from {{ ref('int_recognition_lives') }}
    where is_effective
),

-- Only decisions that change the state: a nomination after an award does not, nor does a review after an end.
decisive as (
    select
        *,
        case
            when life_cycle_rank not in (2, 3, 4) then null
            -- A review after the end of the term starts a new term; a review before that leaves the term as it is.
            when granted_term <= valid_from then cast(valid_from + validity_years * interval '1' year as date)
            else granted_term
        end as term_end,
        case when granted_term <= valid_from then decided_date is not null else granted_term = dated_term end
            as is_term_dated,
        coalesce(lead(valid_from) over ({{ so_far }}), {{ open_end() }}) as next_from
    from effective
    where
        life_cycle_rank >= 5
        or (coalesce(highest_before, 0) < 5 and (life_cycle_rank > 1 or coalesce(highest_before, 1) = 1))
),

periods as (
    select
        recognition_key,
        state,
        valid_from,
        case when term_end <= {{ as_of() }} then least(term_end, next_from) else next_from end as valid_to,
        decided_date_text as since_text,
        case when is_term_dated then term_end end as expires_date,
        recognition_event_key,
        false as is_term_end
    from decisive
    union all
    select
        recognition_key,
        'expired' as state,
        term_end as valid_from,
        next_from as valid_to,
        left(cast(term_end as varchar), case when is_term_dated then 10 else 7 end) as since_text,
        case when is_term_dated then term_end end as expires_date,
        recognition_event_key,
        true as is_term_end
    from decisive
    where term_end <= {{ as_of() }} and term_end < next_from
)

select *
from periods
where valid_from < valid_to
