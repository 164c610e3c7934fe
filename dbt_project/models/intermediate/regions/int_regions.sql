-- Grain: one row per region code and period of validity, from the newest region list that has the code.
-- The packaged table, which is used where no list was received, has no delivery.
with listed as (
    select * from {{ ref('stg_region_codes__region') }}
),

lists as (
    select
        listed.delivery_sha256,
        max(deliveries.snapshot_date) as list_date,
        row_number() over (
            order by
                coalesce(max(deliveries.snapshot_date), cast('0001-01-01' as date)) desc, listed.delivery_sha256 desc
        ) as newness
    from listed
    left join {{ ref('int_deliveries') }} as deliveries
        on deliveries.source_id = 'region_codes' and listed.delivery_sha256 = deliveries.sha256
    group by listed.delivery_sha256
),

-- A code that newer lists lack keeps its periods from the last list that has it, ended by the first list without it.
last_lists as (
    select
        listed.region_code,
        min(lists.newness) as newness
    from listed
    inner join lists on listed.delivery_sha256 is not distinct from lists.delivery_sha256
    group by listed.region_code
),

periods as (
    select
        listed.region_code,
        listed.name_zh,
        listed.level_name,
        listed.valid_from_year,
        case
            when listed.valid_to_year is null and lacking.list_date is not null
                then greatest(extract(year from lacking.list_date), listed.valid_from_year + 1)
            else listed.valid_to_year
        end as valid_to_year,
        listed.state,
        listed.successor_codes
    from listed
    inner join lists on listed.delivery_sha256 is not distinct from lists.delivery_sha256
    inner join last_lists on listed.region_code = last_lists.region_code and lists.newness = last_lists.newness
    left join lists as lacking on last_lists.newness = lacking.newness + 1
    union all
    select
        supplements.region_code,
        supplements.name_zh,
        supplements.level_name,
        supplements.valid_from_year,
        null as valid_to_year,
        '在用' as state,
        null as successor_codes
    from {{ ref('region_supplements') }} as supplements
    where supplements.region_code not in (select listed.region_code from listed)
),

ranked as (
    select
        *,
        row_number() over (
            partition by region_code, valid_from_year
            order by case state when '在用' then 0 else 1 end, coalesce(valid_to_year, 9999) desc, name_zh
        ) as preference
    from periods
)

select
    {{ surrogate_key(['region_code', 'valid_from_year']) }} as region_key,
    region_code,
    name_zh,
    level_name as level,
    make_date(valid_from_year, 1, 1) as valid_from,
    case
        when valid_to_year is not null then make_date(valid_to_year, 1, 1) else {{ open_end() }}
    end as valid_to,
    -- Ranked after periods with the same start were reduced to one, so that exactly one period of a code is the latest.
    row_number() over (partition by region_code order by valid_from_year desc) = 1 as is_latest,
    successor_codes,
    case when region_code <> '100000' then left(region_code, 2) || '0000' end as province_code,
    case
        when
            level_name in ('地级', '县级')
            and left(region_code, 4)
            || '00' in (
                select prefectures.region_code from periods as prefectures
                where prefectures.level_name = '地级'
            )
            then left(region_code, 4) || '00'
    end as city_code
from ranked
where preference = 1
