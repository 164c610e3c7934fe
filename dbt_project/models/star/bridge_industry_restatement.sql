-- Grain: one row per period of an industry code and industry of today that it became, entirely or in part.
with recursive industries as (
    select * from {{ ref('int_industry_timeline') }}
),

-- A successor that a document declares takes precedence over codes and names.
declared as (
    select distinct
        earlier.industry_key,
        later.industry_key as successor_key
    from {{ ref('industry_successions') }} as successions
    inner join industries as earlier
        on
            successions.industry_code = earlier.industry_code
            and successions.changed_date > earlier.valid_from
            and successions.changed_date <= earlier.valid_to
    inner join industries as later
        on
            successions.successor_code = later.industry_code
            and successions.changed_date >= later.known_from
            and successions.changed_date < later.known_to
    where earlier.valid_to < {{ open_end() }} and earlier.industry_key <> later.industry_key
),

followed as (
    select
        industry_key,
        industry_key as reached_key,
        0 as weakness
    from industries
    union
    select
        followed.industry_key,
        declared.successor_key as reached_key,
        1 as weakness
    from followed
    inner join declared on followed.reached_key = declared.industry_key
),

parts as (
    select
        followed.industry_key,
        coalesce(likeness.today_industry_key, -1) as today_industry_key,
        max(greatest(followed.weakness, coalesce(likeness.weakness, 5))) as weakness
    from followed
    left join {{ ref('int_industry_likeness') }} as likeness on followed.reached_key = likeness.industry_key
    where followed.reached_key not in (select declared.industry_key from declared)
    group by followed.industry_key, coalesce(likeness.today_industry_key, -1)
)

select
    industry_key,
    today_industry_key,
    case weakness
        when 0 then 'same' when 1 then 'declared' when 2 then 'name' when 3 then 'code' when 4 then 'container'
        else 'none'
    end as method,
    count(*) over (partition by industry_key) as n_today_industries
from parts
union all
select
    -1 as industry_key,
    -1 as today_industry_key,
    'same' as method,
    1 as n_today_industries
