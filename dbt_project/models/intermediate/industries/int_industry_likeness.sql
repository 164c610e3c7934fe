-- Grain: one row per industry as a list had it, with the industry of today by codes and names, or the nearest
-- one above.
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

-- Of two industries of one name neither is the one.
clear as (
    select
        *,
        count(*) over (partition by industry_key, weakness) as n_alike
    from candidates
),

-- A code that took over another's name was given anew.
given_anew as (
    select distinct
        clear.industry_key,
        clear.today_industry_key
    from clear
    inner join industries as bearers
        on
            clear.name_zh = bearers.name_zh
            and clear.today_industry_key <> bearers.industry_key
            and clear.valid_to > bearers.valid_from
            and clear.valid_from < bearers.valid_to
    where clear.weakness = 3
),

likely as (
    select
        clear.*,
        row_number() over (partition by clear.industry_key order by clear.weakness) as preference
    from clear
    left join given_anew
        on
            clear.industry_key = given_anew.industry_key
            and clear.today_industry_key = given_anew.today_industry_key
            and clear.weakness = 3
    where clear.n_alike = 1 and given_anew.industry_key is null
),

-- An industry, then those above it as they stood when it ended.
climbed as (
    select
        industry_key,
        industry_key as holder_key,
        parent_code,
        valid_to,
        0 as n_steps
    from industries
    union all
    select
        climbed.industry_key,
        above.industry_key as holder_key,
        above.parent_code,
        climbed.valid_to,
        climbed.n_steps + 1 as n_steps
    from climbed
    inner join industries as above
        on
            climbed.parent_code = above.industry_code
            and climbed.valid_to > above.known_from
            and climbed.valid_to <= above.known_to
),

placed as (
    select
        climbed.industry_key,
        likely.today_industry_key,
        case when climbed.n_steps > 0 then 4 else likely.weakness end as weakness,
        row_number() over (partition by climbed.industry_key order by climbed.n_steps) as preference
    from climbed
    inner join likely on climbed.holder_key = likely.industry_key and likely.preference = 1
)

select
    industry_key,
    today_industry_key,
    weakness
from placed
where preference = 1
