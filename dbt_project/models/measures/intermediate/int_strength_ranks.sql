-- Grain: one row per enterprise that holds a recognition, with the range of its scores and ranks over all scenarios.
with strengths as (
    select
        enterprise_key,
        max(case when is_base then score end) as score,
        min(score) as score_low,
        max(score) as score_high,
        max(case when is_base then points / total_weight end) as score_if_missing_worst,
        max(case when is_base then (points + 100 * (total_weight - weight)) / total_weight end)
            as score_if_missing_best,
        max(case when is_base then strength_rank end) as strength_rank,
        min(strength_rank) as rank_best,
        median(strength_rank) as rank_median,
        max(strength_rank) as rank_worst,
        count(*) as n_scenarios
    from {{ ref('int_strength_scenarios') }}
    group by enterprise_key
),

ends as (
    select
        rank_best as rank_no,
        1 as n_best,
        0 as n_worst
    from strengths
    where rank_best is not null
    union all
    select
        rank_worst as rank_no,
        0 as n_best,
        1 as n_worst
    from strengths
    where rank_worst is not null
),

ends_at as (
    select
        rank_no,
        sum(n_best) as n_best,
        sum(n_worst) as n_worst
    from ends
    group by rank_no
),

-- How many rank intervals end above a rank, and how many begin below it: the others overlap.
rank_ends as (
    select
        rank_no,
        sum(n_worst) over (order by rank_no) - n_worst as n_worst_above,
        sum(n_best) over () - sum(n_best) over (order by rank_no) as n_best_below
    from ends_at
)

select
    strengths.*,
    cast(count(strengths.strength_rank) over () as bigint) as n_ranked,
    cast(
        count(strengths.strength_rank) over () - 1 - at_best.n_worst_above - at_worst.n_best_below as bigint
    ) as n_overlapping
from strengths
left join rank_ends as at_best on strengths.rank_best = at_best.rank_no
left join rank_ends as at_worst on strengths.rank_worst = at_worst.rank_no
