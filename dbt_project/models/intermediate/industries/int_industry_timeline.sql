-- Grain: one row per industry code and period, including codes that only the register states, with the days on which
-- the code is read as this period. Every day is covered: gaps by the period before, earlier days by the first period.
with listed as (
    select * from {{ ref('int_industries') }}
),

seen as (
    select distinct regexp_replace(industry_code, '^[A-T]', '') as industry_code
    from {{ ref('stg_enterprise_register__enterprise') }}
    where length(industry_code) >= 3
),

codes as (
    select distinct industry_code from listed
),

-- Of a group and a division, the longer code is the nearer one.
unlisted as (
    select
        seen.industry_code,
        max(above.industry_code) as parent_code
    from seen
    left join codes as above
        on
            above.industry_code in (left(seen.industry_code, 2), left(seen.industry_code, 3))
            and length(above.industry_code) < length(seen.industry_code)
    where
        length(seen.industry_code) in (3, 4)
        and seen.industry_code not in (select codes.industry_code from codes)
    group by seen.industry_code
),

periods as (
    select
        *,
        true as is_listed
    from listed
    union all
    select
        industry_code,
        null as name_zh,
        parent_code,
        cast('1900-01-01' as date) as valid_from,
        {{ open_end() }} as valid_to,
        false as is_listed
    from unlisted
),

in_order as (
    select
        *,
        lag(valid_from) over of_code is null as is_first,
        lead(valid_from) over of_code as next_from
    from periods
    window of_code as (partition by industry_code order by valid_from)
)

select
    {{ version_key(surrogate_key(['industry_code']), 'valid_from', 'next_from is null') }} as industry_key,
    industry_code,
    name_zh,
    parent_code,
    valid_from,
    valid_to,
    is_listed,
    case when is_first then cast('0001-01-01' as date) else valid_from end as known_from,
    coalesce(next_from, {{ open_end() }}) as known_to
from in_order
