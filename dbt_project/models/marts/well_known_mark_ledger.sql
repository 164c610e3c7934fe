-- Grain: one row per well-known mark: flagged as such in the register, or recognised, even if not found there.
with recognised as (
    select
        *,
        {{ bare_text('object_name') }} as mark_words
    from {{ ref('int_placed_recognitions') }}
    where scheme_id = 'china_well_known_mark' and is_held
),

marks as (
    select
        *,
        {{ bare_text('mark_text') }} as mark_words
    from {{ ref('dim_trademark') }}
    where office_code = 'CN' and is_current and status_group <> 'pending'
),

matched as (
    select
        marks.trademark_key,
        list_sort(list(recognised.recognition_key)) as recognition_keys,
        min(recognised.granted_date) as recognised_date,
        min(recognised.recipient_name) as recipient_name
    from recognised
    inner join marks
        on recognised.enterprise_key = marks.owner_enterprise_key and recognised.mark_words = marks.mark_words
    where recognised.enterprise_key <> -1
    group by marks.trademark_key
),

entries as (
    select
        coalesce(enterprises.name_zh, matched.recipient_name) as owner_name,
        marks.owner_enterprise_key as enterprise_key,
        marks.mark_text,
        marks.registration_no,
        marks.status_group,
        matched.recognised_date,
        coalesce(marks.expiry_date, cast(marks.registration_date + terms.value * interval '1' year as date))
            as expiry_date,
        marks.expiry_date is null as is_expiry_computed,
        enterprises.region_key,
        coalesce(matched.recognition_keys, []) as evidence_keys,
        [marks.trademark_key] as trademark_evidence_keys
    from marks
    left join matched on marks.trademark_key = matched.trademark_key
    left join {{ ref('dim_enterprise') }} as enterprises
        on marks.owner_enterprise_key = enterprises.enterprise_key
    inner join {{ ref('dim_rule') }} as terms on terms.rule_kind = 'renewal' and terms.subject = 'term'
    where marks.is_well_known or matched.trademark_key is not null
    union all
    select
        recognised.recipient_name as owner_name,
        recognised.enterprise_key,
        recognised.object_name as mark_text,
        null as registration_no,
        'unknown' as status_group,
        recognised.granted_date as recognised_date,
        null as expiry_date,
        false as is_expiry_computed,
        recognised.place_key as region_key,
        [recognised.recognition_key] as evidence_keys,
        cast([] as bigint[]) as trademark_evidence_keys
    from recognised
    left join marks
        on
            recognised.enterprise_key = marks.owner_enterprise_key
            and recognised.mark_words = marks.mark_words
            and recognised.enterprise_key <> -1
    where marks.trademark_key is null
),

dated as (
    select
        entries.*,
        cast(entries.expiry_date - opens.value * interval '1' month as date) as renewal_opens_date,
        cast(entries.expiry_date + graces.value * interval '1' month as date) as grace_ends_date,
        opens.rule_id
    from entries
    inner join {{ ref('dim_rule') }} as opens on opens.rule_kind = 'renewal' and opens.subject = 'opens'
    inner join {{ ref('dim_rule') }} as graces on graces.rule_kind = 'renewal' and graces.subject = 'grace'
)

select
    dated.owner_name,
    dated.enterprise_key,
    dated.mark_text,
    dated.registration_no,
    dated.status_group,
    dated.recognised_date,
    dated.expiry_date,
    dated.is_expiry_computed,
    dated.renewal_opens_date,
    dated.grace_ends_date,
    case
        when dated.status_group = 'dead' then 'dead'
        when dated.expiry_date is null then 'unknown'
        when {{ as_of() }} < dated.renewal_opens_date then 'not_due'
        when {{ as_of() }} <= dated.expiry_date then 'due'
        when {{ as_of() }} <= dated.grace_ends_date then 'in_grace'
        else 'lapsed'
    end as renewal_state,
    coalesce(regions.region_code, '000000') as region_code,
    dated.rule_id,
    dated.evidence_keys,
    dated.trademark_evidence_keys,
    coalesce(dated.trademark_evidence_keys[1], -1) as trademark_key
from dated
left join {{ ref('dim_region') }} as regions on dated.region_key = regions.region_key
