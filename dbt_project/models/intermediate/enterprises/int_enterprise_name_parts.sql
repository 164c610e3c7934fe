-- Grain: one row per name key in Chinese that is the register's or lacks a code, with the parts of the name and the
-- canonical key that they make.
with formed as (
    select * from {{ ref('int_enterprise_name_forms') }}
),

places as (
    select
        *,
        left(opening, 2) as head
    from {{ ref('int_name_places') }}
),

-- The longest place that leaves a name: 北京 opens 北京市, and 东方 is all there is of 东方公司.
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

behind_province as (
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

placed as (
    select
        formed.*,
        inside.region_code as bracket_region,
        coalesce(behind_province.region_code, opened.region_code) as opening_region,
        coalesce(behind_province.n_opening, opened.n_opening, 0) as n_opening
    from formed
    left join opened on formed.name_key = opened.name_key
    left join behind_province on formed.name_key = behind_province.name_key
    left join places as inside
        on formed.bracketed = inside.opening and inside.is_city and inside.province_digits is null
),

-- 辛集某某(武汉) is from 武汉, and 辛集 is a word of its name; 湖北某某(武汉) names the province of that city.
worded as (
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
    from placed
),

cored as (
    select
        name_key,
        form,
        branch,
        region_code,
        upper(case
            -- Ideographs take three bytes each; only what holds anything else may hold punctuation.
            when strlen(head) <> 3 * length(head) or regexp_matches(head, '[\x{3000}-\x{303F}]')
                then regexp_replace(
                    case when bracket_region is null then words else replace(words, '(' || bracketed || ')', '') end,
                    '[\s\p{P}\p{S}]+', '', 'g'
                )
            else words
        end) as core
    from worded
)

select
    name_key,
    region_code,
    core,
    form,
    branch,
    case when length(core) >= 2 then concat_ws('/', coalesce(region_code, ''), core, form, branch) end as canonical_key
from cored
