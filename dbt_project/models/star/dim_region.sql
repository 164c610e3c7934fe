-- Grain: one row per region code and period of validity, and the unknown region.
with regions as (
    select * from {{ ref('int_regions') }}
),

parents as (
    select
        regions.region_key,
        parents.region_key as parent_region_key,
        row_number() over (partition by regions.region_key order by parents.valid_from desc) as preference
    from regions
    inner join regions as parents
        on
            parents.region_code = case
                when regions.level = '省级' then '100000'
                when regions.level = '县级' and regions.city_code is not null then regions.city_code
                else regions.province_code
            end
            and regions.valid_to > parents.valid_from
    where regions.level <> '国家'
),

-- [year] marks a partial transfer, after which the old code remains in use.
successors as (
    select
        region_key,
        trim(regexp_replace(regexp_replace(successor_codes, '\d{6}\[\d{4}\]', '', 'g'), '^[;；\s]+', ''))
            as full_successors
    from regions
),

-- Territory that was split belongs to the narrowest region of today that contains all of it.
restated as (
    select
        parts.region_key,
        case
            when count(*) = 1 then min(today.region_code)
            when count(distinct today.city_code) = 1 and count(today.city_code) = count(*) then min(today.city_code)
            when count(distinct today.province_code) = 1 then min(today.province_code)
            else '100000'
        end as today_region_code,
        max(parts.n_today_regions) as n_today_regions,
        case when count(*) > 1 then 'split' else min(parts.method) end as today_method
    from {{ ref('bridge_region_restatement') }} as parts
    inner join regions as today on parts.today_region_key = today.region_key
    group by parts.region_key
)

select
    regions.region_key,
    regions.region_code,
    regions.name_zh,
    regions.level,
    coalesce(parents.parent_region_key, -1) as parent_region_key,
    regions.province_code,
    regions.city_code,
    regions.valid_from,
    regions.valid_to,
    case
        when regions.valid_to < {{ open_end() }} and length(successors.full_successors) >= 6
            then left(successors.full_successors, 6)
    end as successor_code,
    regions.successor_codes,
    zones.zone as economic_zone,
    regions.is_latest,
    today.region_key as today_region_key,
    restated.today_method,
    restated.n_today_regions
from regions
left join parents on regions.region_key = parents.region_key and parents.preference = 1
left join successors on regions.region_key = successors.region_key
left join {{ ref('province_zones') }} as zones on regions.province_code = zones.province_code
inner join restated on regions.region_key = restated.region_key
inner join regions as today
    on restated.today_region_code = today.region_code and today.valid_to = {{ open_end() }}
union all
select
    -1 as region_key,
    '000000' as region_code,
    '未知' as name_zh,
    '未知' as level,
    -1 as parent_region_key,
    null as province_code,
    null as city_code,
    cast('1900-01-01' as date) as valid_from,
    {{ open_end() }} as valid_to,
    null as successor_code,
    null as successor_codes,
    null as economic_zone,
    true as is_latest,
    -1 as today_region_key,
    'same' as today_method,
    1 as n_today_regions
