-- Grain: one row per key of a Chinese name that is reliably known or named without a code, split from its legal form
-- and branch.
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

-- Most names end in a legal form, and comparing the end of a text costs less than a regular expression.
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

-- Text after a legal form is a branch, in brackets or not.
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
)

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
