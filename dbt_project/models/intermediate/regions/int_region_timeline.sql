-- Grain: one row per period of a region code (the anchor) and span of days, with the period that then represents it.
-- Every day is covered: a region of today by its older codes, a retired one by the codes that succeeded it.
with recursive regions as (
    select
        *,
        {{ region_short_name('name_zh', 'level') }} as short_name,
        coalesce(lag(valid_from) over (partition by region_code order by valid_from) is null, true) as is_first,
        lead(valid_from) over (partition by region_code order by valid_from) as next_from
    from {{ ref('int_regions') }}
),

-- Where several regions became one, only the one with the same name is followed back.
predecessors as (
    select
        successions.successor_key as region_key,
        earlier.region_key as predecessor_key,
        row_number() over (
            partition by successions.successor_key
            order by
                case when earlier.short_name = later.short_name then 0 else 1 end,
                earlier.valid_to desc,
                earlier.region_code asc
        ) as preference,
        earlier.short_name = later.short_name or count(*) over (partition by successions.successor_key) = 1
            as is_certain
    from {{ ref('int_region_successions') }} as successions
    inner join regions as earlier on successions.region_key = earlier.region_key
    inner join regions as later on successions.successor_key = later.region_key
    where successions.n_successors = 1 and earlier.level = later.level and earlier.valid_to <= later.valid_from
),

forward as (
    select
        region_key as anchor_key,
        region_key,
        valid_from,
        valid_to
    from regions
    union all
    select
        forward.anchor_key,
        successors.region_key,
        forward.valid_to as valid_from,
        successors.valid_to
    from forward
    inner join {{ ref('int_region_successions') }} as successions
        on forward.region_key = successions.region_key and successions.n_successors = 1
    inner join regions as successors on successions.successor_key = successors.region_key
),

backward as (
    select
        region_key as anchor_key,
        region_key,
        valid_from
    from regions
    union all
    select
        backward.anchor_key,
        earlier.region_key,
        earlier.valid_from
    from backward
    inner join predecessors
        on backward.region_key = predecessors.region_key and predecessors.preference = 1 and predecessors.is_certain
    inner join regions as earlier on predecessors.predecessor_key = earlier.region_key
),

spans as (
    select
        anchor_key,
        region_key,
        valid_from
    from forward
    union
    select
        anchor_key,
        region_key,
        valid_from
    from backward
),

-- A code that was valid for no day represents no day: of two that begin on the same day, the one that lasts is used.
lasting as (
    select
        spans.anchor_key,
        spans.region_key,
        spans.valid_from,
        row_number() over (
            partition by spans.anchor_key, spans.valid_from
            order by regions.valid_to desc, regions.region_code asc, spans.region_key asc
        ) as preference
    from spans
    inner join regions on spans.region_key = regions.region_key
)

select
    spans.anchor_key,
    anchors.region_code as anchor_code,
    case when anchors.is_first then cast('0001-01-01' as date) else anchors.valid_from end as anchor_from,
    coalesce(anchors.next_from, {{ open_end() }}) as anchor_to,
    spans.region_key,
    case
        when lag(spans.valid_from) over (partition by spans.anchor_key order by spans.valid_from) is null
            then cast('0001-01-01' as date)
        else spans.valid_from
    end as valid_from,
    coalesce(
        lead(spans.valid_from) over (partition by spans.anchor_key order by spans.valid_from),
        {{ open_end() }}
    ) as valid_to
from lasting as spans
inner join regions as anchors on spans.anchor_key = anchors.region_key
where spans.preference = 1
