-- Grain: one row per recognition and reason why it is watched or has ended.
with decisions as (
    select
        recognition_key,
        case event_type
            when 'condition' then 'conditional' when 'remove' then 'removed' when 'revoke' then 'revoked' else 'expired'
        end as state,
        string_agg(
            concat_ws(' ', event_name, decided_date_text, document_no), '; '
            order by decided_date_text, recognition_event_key
        ) as evidence
    from {{ ref('fct_recognition_event') }}
    where event_type in ('condition', 'remove', 'revoke', 'expire')
    group by recognition_key, state
),

held_again as (
    select distinct
        scheme_id,
        recipient_identity,
        object_text
    from {{ ref('int_placed_recognitions') }}
    where is_held
),

failures as (
    select
        placed.recognition_key,
        min(inspections.notice_date) as reason_date,
        string_agg(
            concat_ws(
                ' ', inspections.notice_no, inspections.notice_date, inspections.sample_no, inspections.product_name
            ),
            '; ' order by inspections.notice_date, inspections.inspection_key
        ) as evidence,
        list_sort(list(inspections.inspection_key)) as inspection_evidence_keys
    from {{ ref('int_placed_recognitions') }} as placed
    inner join {{ ref('fct_inspection') }} as inspections
        on
            placed.enterprise_key = inspections.producer_enterprise_key
            -- A recognition without a stated day of the grant counts as held before the failure.
            and inspections.notice_date > coalesce(
                placed.granted_date,
                cast(placed.granted_month || '-01' as date) + interval '1' month,
                cast('1900-01-01' as date)
            )
    where placed.is_held and placed.enterprise_key <> -1 and inspections.result = 'fail'
    group by placed.recognition_key
),

reasons as (
    select
        placed.recognition_key,
        placed.state as reason,
        null as registration_state,
        case when placed.state = 'conditional' then null else placed.ended_date end as reason_date,
        coalesce(decisions.evidence, concat('有效期至 | valid to ', placed.expires_date)) as evidence,
        null as inspection_evidence_keys
    from {{ ref('int_placed_recognitions') }} as placed
    left join decisions on placed.recognition_key = decisions.recognition_key and placed.state = decisions.state
    left join held_again
        on
            placed.scheme_id = held_again.scheme_id
            and placed.recipient_identity = held_again.recipient_identity
            and placed.object_text = held_again.object_text
    where
        placed.state = 'conditional'
        or (placed.state in ('removed', 'revoked', 'expired') and held_again.scheme_id is null)
    union all
    select
        recognition_key,
        'failing_inspection' as reason,
        null as registration_state,
        reason_date,
        evidence,
        inspection_evidence_keys
    from failures
    union all
    select
        placed.recognition_key,
        'deregistered' as reason,
        enterprises.registration_state,
        null as reason_date,
        concat('登记状态 | registration state: ', enterprises.registration_state) as evidence,
        null as inspection_evidence_keys
    from {{ ref('int_placed_recognitions') }} as placed
    inner join {{ ref('dim_enterprise') }} as enterprises on placed.enterprise_key = enterprises.enterprise_key
    where placed.is_held and placed.enterprise_key <> -1
)

select
    placed.recipient_name,
    placed.scheme_id,
    rules.subject as reason,
    reasons.evidence,
    placed.state,
    placed.object_name,
    placed.enterprise_key,
    regions.region_code,
    reasons.reason_date,
    placed.granted_date,
    rules.rule_id,
    [placed.recognition_key] as evidence_keys,
    coalesce(reasons.inspection_evidence_keys, []) as inspection_evidence_keys,
    placed.recognition_key
from reasons
inner join {{ ref('int_placed_recognitions') }} as placed on reasons.recognition_key = placed.recognition_key
inner join {{ ref('dim_rule') }} as rules
    on
        rules.rule_kind = 'exit_watch'
        and (
            (reasons.registration_state is null and reasons.reason = rules.subject)
            or reasons.registration_state = rules.variant
        )
inner join {{ ref('dim_region') }} as regions on placed.place_key = regions.region_key
where placed.is_honour
