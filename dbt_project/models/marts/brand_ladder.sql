-- Grain: one row per recipient and ladder on which it holds a rung.
with on_ladders as (
    select * from {{ ref('int_placed_recognitions') }}
    where ladder is not null and is_ever_held
),

-- Of two schemes on one rung, the first by its id is shown.
topmost as (
    select
        *,
        row_number() over (
            partition by recipient_identity, ladder order by rung desc, scheme_id asc, recognition_key asc
        ) as rung_rank
    from on_ladders
    where is_held
),

rungs as (
    select
        recipient_identity,
        ladder,
        scheme_id,
        min(granted_date) as rung_since,
        list_sort(list(recognition_key)) as evidence_keys,
        list(distinct object_name order by object_name) filter (where object_name is not null) as object_names
    from on_ladders
    where is_held
    group by recipient_identity, ladder, scheme_id
),

-- The funnel: of the recipients that ever reached a rung, those that reached a higher one of its ladder.
reached as (
    select
        on_ladders.recipient_identity,
        on_ladders.scheme_id,
        max(case when others.rung > on_ladders.rung then 1 else 0 end) as has_risen,
        max(case when on_ladders.is_held then 1 else 0 end) as is_holding
    from on_ladders
    inner join on_ladders as others
        on on_ladders.recipient_identity = others.recipient_identity and on_ladders.ladder = others.ladder
    group by on_ladders.recipient_identity, on_ladders.scheme_id
),

funnel as (
    select
        scheme_id,
        count(*) as n_reached,
        sum(is_holding) as n_holding,
        sum(has_risen) as n_risen
    from reached
    group by scheme_id
)

select
    topmost.recipient_name,
    topmost.enterprise_key,
    topmost.ladder,
    topmost.scheme_id as rung_scheme_id,
    rungs.rung_since,
    next_schemes.scheme_id as next_scheme_id,
    topmost.rung,
    topmost.level,
    {{ as_of() }} - rungs.rung_since as days_on_rung,
    coalesce(rungs.object_names, []) as object_names,
    regions.region_code,
    cast(funnel.n_reached as bigint) as n_reached,
    cast(funnel.n_holding as bigint) as n_holding,
    cast(funnel.n_risen as bigint) as n_risen,
    cast(funnel.n_risen as double) / funnel.n_reached as risen_share,
    {{ wilson_low('funnel.n_risen', 'funnel.n_reached') }} as risen_share_low,
    {{ wilson_high('funnel.n_risen', 'funnel.n_reached') }} as risen_share_high,
    funnel.n_reached < small_cells.value as is_small_cell,
    rules.rule_id,
    rungs.evidence_keys
from topmost
inner join rungs
    on
        topmost.recipient_identity = rungs.recipient_identity
        and topmost.ladder = rungs.ladder
        and topmost.scheme_id = rungs.scheme_id
inner join funnel on topmost.scheme_id = funnel.scheme_id
inner join {{ ref('dim_region') }} as regions on topmost.place_key = regions.region_key
inner join {{ ref('dim_rule') }} as rules on rules.rule_kind = 'ladder_step' and topmost.ladder = rules.subject
inner join {{ ref('dim_rule') }} as small_cells on small_cells.rule_kind = 'small_cell'
left join {{ ref('bridge_rule_scheme') }} as steps
    on rules.rule_key = steps.rule_key and topmost.scheme_key = steps.scheme_key
left join {{ ref('dim_recognition_scheme') }} as next_schemes
    on steps.to_scheme_key = next_schemes.scheme_key and steps.to_scheme_key <> -1
where topmost.rung_rank = 1
