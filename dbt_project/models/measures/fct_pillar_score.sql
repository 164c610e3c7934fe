-- Grain: one row per enterprise that holds a recognition, pillar of brand strength known for it, and normalisation.
with measured as (
    select
        measures.enterprise_key,
        measures.rule_key,
        rules.subject as pillar,
        rules.value as direction,
        measures.value
    from {{ ref('fct_enterprise_measure') }} as measures
    inner join {{ ref('dim_rule') }} as rules
        on measures.rule_key = rules.rule_key and rules.rule_kind = 'strength_measure'
),

ordered as (
    select
        rule_key,
        list_sort(list(value)) as amounts,
        count(*) - 1 as last_place
    from measured
    where value > 0
    group by rule_key
),

-- Quantiles, interpolated between the two neighbouring values.
bounds as (
    select
        ordered.rule_key,
        max(case quantiles.subject when 'low' then {{ quantile('ordered', 'quantiles.value') }} end) as lowest,
        max(case quantiles.subject when 'high' then {{ quantile('ordered', 'quantiles.value') }} end) as highest
    from ordered
    inner join {{ ref('dim_rule') }} as quantiles on quantiles.rule_kind = 'strength_winsor'
    group by ordered.rule_key
),

-- Most firms have a value of zero: bounds over all values would set the other firms to zero too.
winsorised as (
    select
        measured.enterprise_key,
        measured.rule_key,
        measured.pillar,
        measured.direction * case
            when measured.value > 0 then least(greatest(measured.value, bounds.lowest), bounds.highest)
            else measured.value
        end as value
    from measured
    left join bounds on measured.rule_key = bounds.rule_key
),

ranked as (
    select
        *,
        count(*) over (partition by rule_key) as n,
        min(value) over (partition by rule_key) as lowest,
        max(value) over (partition by rule_key) as highest,
        avg(value) over (partition by rule_key) as mean,
        stddev_pop(value) over (partition by rule_key) as spread,
        rank() over (partition by rule_key order by value) as value_rank,
        count(*) over (partition by rule_key, value) as n_equal
    from winsorised
)

select
    ranked.enterprise_key,
    ranked.pillar,
    normalisations.subject as normalisation,
    -- A measure that is the same for all enterprises does not distinguish them.
    avg(case
        when ranked.lowest = ranked.highest then 50.0
        when normalisations.subject = 'min_max'
            then (ranked.value - ranked.lowest) / (ranked.highest - ranked.lowest) * 100
        when normalisations.subject = 'z_score'
            then least(100.0, greatest(0.0, 50 + normalisations.value * (ranked.value - ranked.mean) / ranked.spread))
        else (ranked.value_rank - 1 + (ranked.n_equal - 1) / 2.0) / (ranked.n - 1) * 100
    end) as pillar_score
from ranked
inner join {{ ref('dim_rule') }} as normalisations on normalisations.rule_kind = 'strength_normalisation'
group by ranked.enterprise_key, ranked.pillar, normalisations.subject
