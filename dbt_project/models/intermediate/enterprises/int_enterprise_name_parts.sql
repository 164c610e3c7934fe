-- Grain: one row per name key in Chinese that is the register's or lacks a code, with the parts of the name and the
-- canonical key that they make.
with names as (
    select
        name_key,
        min(name) as name
    from (
        select
            name_key,
            name
        from {{ ref('int_enterprise_mentions') }}
        where uscc is null
        union all
        select
            name_key,
            name
        from {{ ref('int_enterprise_aliases') }}
        where is_reliable
    ) as every_name
    group by name_key
),

bare as (
    select
        name_key,
        case
            when contains(name, '(原') or contains(name, '(曾用名') or contains(name, ' ')
                then regexp_replace(replace(name, ' ', ''), '\((?:原|曾用名)[^)]*\)', '')
            else name
        end as name
    from names
    where regexp_matches(name, '[一-鿿]')
),

-- Most names end in a legal form, which costs less to see than to match.
ended as (
    select
        name_key,
        name,
        case
            when not ends_with(name, '公司') then 0
            when ends_with(name, '股份有限责任公司') then 8
            when ends_with(name, '股份有限公司') then 6
            when ends_with(name, '有限责任公司') then 6
            when ends_with(name, '股份公司') or ends_with(name, '有限公司') then 4
            else 0
        end as n_form
    from bare
),

-- What stands behind a legal form is a branch, in brackets or not.
split as (
    select
        name_key,
        name,
        n_form,
        case
            when n_form = 0 and contains(name, '公司')
                then regexp_extract(
                    name,
                    '^(.+?)(股份有限责任公司|股份有限公司|股份公司|有限责任公司|有限公司|公司)(?:\(?([^()]+(?:公司|厂|店|部|处|所|中心))\)?)?$',
                    ['head', 'form', 'branch']
                )
        end as parts
    from ended
),

formed as (
    select
        split.name_key,
        case
            when split.n_form > 0 then left(split.name, length(split.name) - split.n_form)
            else coalesce(nullif(split.parts.head, ''), split.name)
        end as head,
        coalesce(
            left(case when split.n_form > 0 then right(split.name, split.n_form) else split.parts.form end, 2), ''
        ) as form,
        coalesce(split.parts.branch, '') as branch,
        case when contains(split.name, '(') then regexp_extract(split.name, '\(([^()]+)\)', 1) end as bracketed
    from split
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

-- 辛集某某(武汉) is from 武汉, and 辛集 a word of its name; 湖北某某(武汉) says the province of that city.
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
