-- Grain: one row per group of geographical indications and indication in it.
-- A registration number after the name is not part of it; of an entry by an applicant, the object is the indication.
with named as (
    select
        *,
        trim(regexp_replace(coalesce(object_name, recipient_name), '\s*AGI[0-9-]+$', '')) as gi_name
    from {{ ref('int_placed_recognitions') }}
    where is_held
),

grouped as (
    select
        groups.rule_id as group_id,
        groups.name_zh as group_name_zh,
        groups.name_en as group_name_en,
        {{ bare_text('named.gi_name') }} as gi_text,
        min(named.gi_name) as gi_name,
        list_sort(list(distinct named.scheme_id)) as scheme_ids,
        min(named.granted_date) as since,
        max(case named.place_key when -1 then null else regions.region_code end) as region_code,
        count(*) as n_recognitions,
        list_sort(list(distinct named.recipient_name)) as recipient_names,
        list_sort(list(named.recognition_key)) as evidence_keys
    from named
    inner join {{ ref('bridge_rule_scheme') }} as members on named.scheme_key = members.scheme_key
    inner join {{ ref('dim_rule') }} as groups
        on members.rule_key = groups.rule_key and groups.rule_kind = 'scheme_group' and groups.subject = 'gi'
    inner join {{ ref('dim_region') }} as regions on named.place_key = regions.region_key
    group by groups.rule_id, groups.name_zh, groups.name_en, {{ bare_text('named.gi_name') }}
)

select
    group_id,
    gi_name,
    group_name_zh,
    group_name_en,
    scheme_ids,
    since,
    coalesce(region_code, '000000') as region_code,
    recipient_names,
    n_recognitions,
    group_id as rule_id,
    evidence_keys
from grouped
