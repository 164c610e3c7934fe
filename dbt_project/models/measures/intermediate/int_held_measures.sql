-- Grain: one row per enterprise that holds a recognition and measure of the recognitions that it holds.
with rules as (
    select * from {{ ref('dim_rule') }}
    where rule_kind in ('strength_measure', 'benchmark_measure')
),

held as (
    select * from {{ ref('int_held_recognitions') }}
),

holders as (
    select distinct enterprise_key from held
),

-- While no decision on its schemes was received, a measure is unknown for everybody; after that, it is zero for an
-- enterprise that holds none of them.
received as (
    select distinct rules.rule_key
    from rules
    inner join {{ ref('bridge_rule_scheme') }} as covered on rules.rule_key = covered.rule_key
    inner join {{ ref('fct_recognition_event') }} as events on covered.scheme_key = events.scheme_key
),

held_by_measure as (
    select
        held.enterprise_key,
        rules.rule_key,
        count(*) as n_held,
        max(held.rung) as rung,
        list_sort(list(held.recognition_key)) as evidence_keys
    from held
    inner join {{ ref('bridge_rule_scheme') }} as covered on held.scheme_key = covered.scheme_key
    inner join rules on covered.rule_key = rules.rule_key
    group by held.enterprise_key, rules.rule_key
)

select
    holders.enterprise_key,
    rules.rule_key,
    cast(
        coalesce(case rules.variant when 'highest_rung' then measured.rung else measured.n_held end, 0) as double
    ) as value,
    coalesce(measured.n_held, 0) as n_evidence,
    'fct_recognition' as evidence_table,
    coalesce(measured.evidence_keys, []) as evidence_keys
from holders
cross join rules
inner join received on rules.rule_key = received.rule_key
left join held_by_measure as measured
    on holders.enterprise_key = measured.enterprise_key and rules.rule_key = measured.rule_key
where rules.variant in ('count_held', 'highest_rung')
union all
select
    held.enterprise_key,
    rules.rule_key,
    cast(count(*) as double) as value,
    count(*) as n_evidence,
    'fct_recognition' as evidence_table,
    list_sort(list(held.recognition_key)) as evidence_keys
from held
inner join rules on rules.variant = 'count_all'
group by held.enterprise_key, rules.rule_key
