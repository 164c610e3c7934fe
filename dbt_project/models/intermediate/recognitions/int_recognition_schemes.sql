-- Grain: one row per recognition scheme, listed in the seed or named in a decision.
with listed as (
    select
        scheme_id,
        name_zh,
        name_en,
        level,
        ladder,
        rung,
        valid_from,
        valid_to,
        successor_scheme_id,
        validity_years,
        {{ bare_text('name_zh') }} as scheme_text
    from {{ ref('recognition_schemes') }}
),

named as (
    select distinct
        {{ bare_text('scheme_name_norm') }} as scheme_text,
        scheme_name_norm,
        level_name
    from {{ ref('stg_recognition_list__decision') }}
),

-- A scheme that is not listed is kept under its own name, outside the ladders.
unlisted as (
    select
        named.scheme_text,
        min(named.scheme_name_norm) as name_zh,
        min(named.level_name) as level
    from named
    left join listed on named.scheme_text = listed.scheme_text
    left join {{ ref('recognition_scheme_aliases') }} as aliases
        on
            named.scheme_text = {{ bare_text('aliases.alias_zh') }}
            and (aliases.level is null or named.level_name = aliases.level)
    where listed.scheme_id is null and aliases.scheme_id is null
    group by named.scheme_text
)

select * from listed
union all
select
    scheme_text as scheme_id,
    name_zh,
    null as name_en,
    level,
    null as ladder,
    null as rung,
    null as valid_from,
    null as valid_to,
    null as successor_scheme_id,
    null as validity_years,
    scheme_text
from unlisted
