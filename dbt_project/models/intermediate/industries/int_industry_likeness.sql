-- Grain: one row per industry of an edition, with the industry of today that its code or name identifies, else that of
-- the nearest industry above.
with recursive industries as (
    select * from {{ ref('int_industry_timeline') }}
),

candidates as (
    select
        earlier.industry_key,
        today.industry_key as today_industry_key,
        today.name_zh,
        earlier.valid_from,
        earlier.valid_to,
        case
            when earlier.industry_key = today.industry_key then 0
            when earlier.name_zh <> today.name_zh then 3
            when earlier.industry_code = today.industry_code then 0
            else 2
        end as weakness
    from industries as earlier
    inner join industries as today
        on
            length(earlier.industry_code) = length(today.industry_code)
            and (earlier.industry_code = today.industry_code or earlier.name_zh = today.name_zh)
    where today.valid_to = {{ open_end() }}
),

-- Where several industries have the name, none is chosen.
counted as (
    select
        *,
        count(*) over (partition by industry_key, weakness) as n_alike
    from candidates
),

-- A code whose name of today belonged to another code at the time was reassigned.
reassigned as (
    select distinct
        counted.industry_key,
        counted.today_industry_key
    from counted
    inner join industries as others
        on
            counted.name_zh = others.name_zh
            and counted.today_industry_key <> others.industry_key
            and counted.valid_to > others.valid_from
            and counted.valid_from < others.valid_to
    where counted.weakness = 3
),

likely as (
    select
        counted.*,
        row_number() over (partition by counted.industry_key order by counted.weakness) as preference
    from counted
    left join reassigned
        on
            counted.industry_key = reassigned.industry_key
            and counted.today_industry_key = reassigned.today_industry_key
            and counted.weakness = 3
    where counted.n_alike = 1 and reassigned.industry_key is null
),

-- An industry, then those above it at the time it ended.
ancestors as (
    select
        industry_key,
        industry_key as ancestor_key,
        parent_code,
        valid_to,
        0 as n_steps
    from industries
    union all
    select
        ancestors.industry_key,
        above.industry_key as ancestor_key,
        above.parent_code,
        ancestors.valid_to,
        ancestors.n_steps + 1 as n_steps
    from ancestors
    inner join industries as above
        on
            ancestors.parent_code = above.industry_code
            and ancestors.valid_to > above.known_from
            and ancestors.valid_to <= above.known_to
),

resolved as (
    select
        ancestors.industry_key,
        likely.today_industry_key,
        case when ancestors.n_steps > 0 then 4 else likely.weakness end as weakness,
        row_number() over (partition by ancestors.industry_key order by ancestors.n_steps) as preference
    from ancestors
    inner join likely on ancestors.ancestor_key = likely.industry_key and likely.preference = 1
)

select
    industry_key,
    today_industry_key,
    weakness
from resolved
where preference = 1
