-- Grain: one row per ended period of a region code and period of a code that succeeded it, entirely or in part.
with regions as (
    select
        *,
        {{ region_short_name('name_zh', 'level') }} as short_name
    from {{ ref('int_regions') }}
    where level <> '国家'
),

ended as (
    select * from regions
    where valid_to < {{ open_end() }}
),

-- [year] marks a transfer of part of the territory, after which the old code remains in use.
listed as (
    select distinct
        region_key,
        valid_to,
        unnest(regexp_extract_all(regexp_replace(successor_codes, '\d{6}\[\d{4}\]', '', 'g'), '\d{6}'))
            as successor_code
    from ended
),

-- Lists state years only, and some count the year of the change for the old code.
candidates as (
    select
        listed.region_key,
        successors.region_key as successor_key,
        'successor' as method,
        row_number() over (
            partition by listed.region_key, listed.successor_code order by successors.valid_to
        ) as preference
    from listed
    inner join regions as successors
        on listed.successor_code = successors.region_code and listed.valid_to < successors.valid_to
    union all
    select
        ended.region_key,
        same.region_key as successor_key,
        case when same.region_code = ended.region_code then 'successor' else 'name' end as method,
        case
            when same.region_code = ended.region_code then 1
            -- Where two began under the name, neither is chosen.
            when count(*) over (partition by ended.region_key) = 1 then 1
        end as preference
    from ended
    inner join regions as same
        on
            ended.province_code = same.province_code
            and ended.level = same.level
            and (ended.region_code = same.region_code or ended.short_name = same.short_name)
            and ended.valid_to <= same.valid_from
            and same.valid_from <= ended.valid_to + interval '1' year
            -- A code listed for less than a year does not succeed itself.
            and ended.valid_to < same.valid_to
    where ended.region_key not in (select listed.region_key from listed)
),

direct as (
    select
        region_key,
        successor_key,
        method
    from candidates
    where preference = 1
),

-- The successors of a prefecture that has none listed are the prefectures that its counties moved to.
by_counties as (
    select distinct
        ended.region_key,
        containing.region_key as successor_key,
        'counties' as method
    from ended
    inner join ended as counties
        on
            counties.level = '县级'
            and left(ended.region_code, 4) = left(counties.region_code, 4)
            and ended.valid_to = counties.valid_to
    inner join direct on counties.region_key = direct.region_key
    inner join regions as moved on direct.successor_key = moved.region_key
    inner join regions as containing
        on
            containing.region_code = coalesce(moved.city_code, moved.province_code)
            and ended.valid_to >= containing.valid_from
            and ended.valid_to < containing.valid_to
    where ended.level = '地级' and ended.region_key not in (select succeeded.region_key from direct as succeeded)
)

select
    *,
    count(*) over (partition by region_key) as n_successors
from (
    select * from direct
    union all
    select * from by_counties
) as successions
