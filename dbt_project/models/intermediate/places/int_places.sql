-- Grain: one row per distinct location text (address, place or office), with its province split off.
with notice_rows as (
    {{ of_notices('sample_row') }}
),

texts as (
    select sampled_address_norm as place_text from notice_rows
    union
    select producer_address_norm as place_text from notice_rows
    union
    select agency_norm as place_text from notice_rows
    union
    select region_name_norm as place_text from {{ ref('stg_recognition_list__decision') }}
    union
    select region_name_norm as place_text from {{ ref('stg_indicator_report__region_row') }}
),

cleaned as (
    select
        place_text,
        -- Where a cell contains the addresses of two firms, that of the one that made the product counts.
        replace(regexp_replace(
            regexp_replace(place_text, '^.*(受委托|生产|制造)[^:：]*[:：]', ''), '^(中华人民共和国|中国|[^:：]*[地住]址[:：])', ''
        ), ' ', '') as place
    from texts
    where length(place_text) >= 2
),

provinces as (
    select
        region_code as province_code,
        region_key as province_key,
        max(case when is_full then place_name end) as full_name,
        max(case when not is_full then place_name end) as short_name
    from {{ ref('int_region_names') }}
    where level = '省级' and scope_code <> 'CN'
    group by region_code, region_key
),

opened as (
    select
        cleaned.place_text,
        cleaned.place,
        provinces.province_code,
        provinces.province_key,
        case
            when left(cleaned.place, length(provinces.full_name)) = provinces.full_name
                then substr(cleaned.place, length(provinces.full_name) + 1)
            else substr(cleaned.place, length(provinces.short_name) + 1)
        end as rest,
        case
            when left(cleaned.place, length(provinces.full_name)) = provinces.full_name then 'full' else 'short'
        end as province_named
    from cleaned
    left join provinces
        on
            left(cleaned.place, 2) = left(provinces.full_name, 2)
            and left(cleaned.place, length(provinces.short_name)) = provinces.short_name
            -- 山东路 is a street in any city.
            and substr(cleaned.place, length(provinces.short_name) + 1, 1) not in ('路', '街', '道')
            and substr(cleaned.place, length(provinces.short_name) + 1, 2) not in (
                '大道', '大街', '东路', '西路', '南路', '北路', '中路'
            )
),

named_inside as (
    select
        opened.place_text,
        max(provinces.province_code) as province_code,
        max(provinces.province_key) as province_key,
        max(substr(opened.place, position(provinces.full_name in opened.place) + length(provinces.full_name))) as rest
    from opened
    inner join provinces on position(provinces.full_name in opened.place) > 1
    where opened.province_code is null
    group by opened.place_text
    having count(*) = 1
)

select
    opened.place_text,
    opened.place,
    coalesce(opened.province_code, named_inside.province_code) as province_code,
    coalesce(opened.province_key, named_inside.province_key) as province_key,
    case
        when opened.province_code is not null then opened.province_named
        when named_inside.province_code is not null then 'inside'
        else 'none'
    end as province_named,
    coalesce(opened.province_code, named_inside.province_code, 'CN') as scope_code,
    coalesce(opened.rest, named_inside.rest, opened.place) as rest
from opened
left join named_inside on opened.place_text = named_inside.place_text
