-- Grain: one row per key of a Chinese name that is reliably known or named without a code, with the parts of the name
-- and the canonical key made of them.
with formed as (
    select * from {{ ref('int_enterprise_name_forms') }}
),

places as (
    select
        *,
        left(opening, 2) as head
    from {{ ref('int_name_places') }}
),

-- The longest place that the name opens with and after which at least two characters follow: 北京市 rather than 北京, and
-- none in 东方公司, which would have no core left.
opened as (
    select
        formed.name_key,
        max_by(places.region_code, length(places.opening)) as region_code,
        max(length(places.opening)) as n_opening
    from formed
    inner join places
        on
            left(formed.head, 2) = places.head
            and places.province_digits is null
            and starts_with(formed.head, places.opening)
    where length(formed.head) - length(places.opening) >= 2
    group by formed.name_key
),

after_province as (
    select
        formed.name_key,
        max_by(places.region_code, length(places.opening)) as region_code,
        max(length(places.opening)) + any_value(opened.n_opening) as n_opening
    from opened
    inner join formed on opened.name_key = formed.name_key
    inner join places
        on
            substr(formed.head, opened.n_opening + 1, 2) = places.head
            and left(opened.region_code, 2) = places.province_digits
            and starts_with(substr(formed.head, opened.n_opening + 1), places.opening)
    where
        opened.region_code like '__0000'
        and length(formed.head) - length(places.opening) - opened.n_opening >= 2
    group by formed.name_key
),

located as (
    select
        formed.*,
        inside.region_code as bracket_region,
        coalesce(after_province.region_code, opened.region_code) as opening_region,
        coalesce(after_province.n_opening, opened.n_opening, 0) as n_opening
    from formed
    left join opened on formed.name_key = opened.name_key
    left join after_province on formed.name_key = after_province.name_key
    left join places as inside
        on formed.bracketed = inside.opening and inside.is_city and inside.province_digits is null
),

-- 辛集某某(武汉) is from 武汉, and 辛集 belongs to its core; 湖北某某(武汉) opens with the province of that city.
stripped as (
    select
        name_key,
        form,
        branch,
        head,
        bracketed,
        bracket_region,
        coalesce(bracket_region, opening_region) as region_code,
        substr(head, case
            when
                bracket_region is null
                or bracket_region = opening_region
                or (opening_region like '__0000' and left(opening_region, 2) = left(bracket_region, 2))
                then n_opening + 1
            else 1
        end) as words
    from located
),

cores as (
    select
        name_key,
        form,
        branch,
        region_code,
        upper(case
            -- Ideographs take three bytes each; only a text with other characters can contain punctuation.
            when strlen(head) <> 3 * length(head) or regexp_matches(head, '[\x{3000}-\x{303F}]')
                then regexp_replace(
                    case when bracket_region is null then words else replace(words, '(' || bracketed || ')', '') end,
                    '[\s\p{P}\p{S}]+', '', 'g'
                )
            else words
        end) as core
    from stripped
)

select
    name_key,
    region_code,
    core,
    form,
    branch,
    case when length(core) >= 2 then concat_ws('/', coalesce(region_code, ''), core, form, branch) end as canonical_key
from cores
