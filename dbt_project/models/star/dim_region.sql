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

-- [year] marks a partial transfer, after which the old code goes on.
successors as (
    select
        region_key,
        trim(regexp_replace(regexp_replace(successor_codes, '\d{6}\[\d{4}\]', '', 'g'), '^[;；\s]+', ''))
            as full_successors
    from regions
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
    regions.is_latest
from regions
left join parents on regions.region_key = parents.region_key and parents.preference = 1
left join successors on regions.region_key = successors.region_key
left join {{ ref('province_zones') }} as zones on regions.province_code = zones.province_code
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
    true as is_latest
