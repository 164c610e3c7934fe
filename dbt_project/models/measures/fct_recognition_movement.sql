-- Grain: one row per recognition and movement: gained, and lost if it ended.
with recognised as (
    select
        recognition_key,
        scheme_key,
        place_key as region_key,
        industry_key,
        granted_month,
        case
            when state in ('removed', 'revoked', 'expired')
                then coalesce(ended_month, left(cast({{ as_of() }} as varchar), 7))
        end as ended_month,
        left(cast({{ as_of() }} as varchar), 7) as as_of_month
    from {{ ref('int_placed_recognitions') }}
    -- A nomination is not a recognition; a removal proves that there was one.
    where state <> 'nominated'
)

select
    recognition_key,
    'gained' as movement,
    -- A grant dated to the year counts in December of that year, but not after the loss or the as-of month.
    case
        when granted_month > coalesce(ended_month, as_of_month) then coalesce(ended_month, as_of_month)
        else granted_month
    end as moved_month,
    scheme_key,
    region_key,
    industry_key
from recognised
union all
select
    recognition_key,
    'lost' as movement,
    ended_month as moved_month,
    scheme_key,
    region_key,
    industry_key
from recognised
where ended_month is not null
