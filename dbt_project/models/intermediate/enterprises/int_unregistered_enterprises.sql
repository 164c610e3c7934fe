-- Grain: one row per enterprise that no register extract contains, identified by a credit code or by its name.
{{ config(materialized='view') }}
with coded as (
    select
        codes.enterprise_id,
        substr(codes.enterprise_id, 6) as uscc,
        min(mentions.name) as name,
        min(mentions.name_en) as name_en
    from {{ ref('int_enterprise_codes') }} as codes
    left join {{ ref('int_enterprise_mentions') }} as mentions on codes.uscc = mentions.uscc
    where
        substr(codes.enterprise_id, 6) not in (
            select versions.uscc from {{ ref('int_enterprise_versions') }} as versions
        )
    group by codes.enterprise_id
),

named as (
    select
        enterprise_id,
        min(name) as name,
        min(name_en) as name_en
    from {{ ref('int_enterprise_names') }}
    where enterprise_id like 'NAME:%'
    group by enterprise_id
)

select
    enterprise_id,
    uscc,
    name,
    name_en
from coded
union all
select
    enterprise_id,
    null as uscc,
    name,
    name_en
from named
