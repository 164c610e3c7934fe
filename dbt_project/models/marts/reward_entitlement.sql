-- Grain: one row per recipient, recognised object, scheme and reward rule.
with payments as (
    select
        recognition_key,
        count(*) as n_payments,
        sum(stated_amount_cny) as stated_cny,
        list_sort(list(recognition_event_key)) as payment_keys
    from {{ ref('fct_recognition_event') }}
    where event_type = 'pay' and coalesce(decided_date, {{ as_of() }}) <= {{ as_of() }}
    group by recognition_key
),

rewarded as (
    select
        placed.*,
        rules.rule_id,
        rules.plan_key,
        rules.subject as payer_level,
        rules.value,
        coalesce(payments.n_payments, 0) as n_payments,
        -- A payment whose amount is not stated counts as the full reward.
        case when payments.n_payments > 0 then coalesce(payments.stated_cny, rules.value) else 0 end as paid_cny,
        payments.payment_keys
    from {{ ref('int_placed_recognitions') }} as placed
    inner join {{ ref('bridge_rule_scheme') }} as covered on placed.scheme_key = covered.scheme_key
    inner join {{ ref('dim_rule') }} as rules on covered.rule_key = rules.rule_key and rules.rule_kind = 'reward'
    inner join {{ ref('dim_policy_plan') }} as plans on rules.plan_key = plans.plan_key
    inner join {{ ref('dim_region') }} as homes on plans.region_key = homes.region_key
    inner join {{ ref('dim_region') }} as regions on placed.place_key = regions.region_key
    left join payments on placed.recognition_key = payments.recognition_key
    where
        placed.is_ever_held
        and (covered.is_local or {{ region_within('regions', 'homes.region_code', 'homes.level') }})
),

-- One-off: later editions of the same scheme earn nothing more.
once as (
    select
        recipient_identity,
        object_text,
        scheme_id,
        rule_id,
        plan_key,
        ladder,
        max(rung) as rung,
        max(level) as level,
        max(payer_level) as payer_level,
        max(value) as value,
        max(enterprise_key) as enterprise_key,
        arg_min(recipient_name, recognition_key) as recipient_name,
        min(object_name) as object_name,
        bool_or(is_held) as is_held,
        sum(n_payments) as n_payments,
        sum(paid_cny) as paid_cny,
        min(granted_date) as granted_date,
        list_sort(list(recognition_key)) as evidence_keys,
        list_sort(flatten(list(payment_keys) filter (where n_payments > 0))) as payment_evidence_keys
    from rewarded
    group by recipient_identity, object_text, scheme_id, rule_id, plan_key, ladder
),

compared as (
    select
        once.recipient_identity,
        once.object_text,
        once.rule_id,
        once.scheme_id,
        bool_or(others.rung > once.rung and others.is_held) as is_outranked,
        sum(case when others.rung < once.rung then others.paid_cny else 0 end) as paid_below_cny
    from once
    inner join once as others
        on
            once.recipient_identity = others.recipient_identity
            and once.plan_key = others.plan_key
            and once.ladder = others.ladder
            and (once.object_text = others.object_text or once.object_text = '' or others.object_text = '')
    group by once.recipient_identity, once.object_text, once.rule_id, once.scheme_id
)

select
    once.recipient_name,
    once.enterprise_key,
    once.scheme_id,
    once.level,
    once.rule_id,
    once.value as amount_cny,
    once.payer_level,
    case
        when once.n_payments > 0 and once.paid_cny >= coalesce(once.value, 0) then 'paid'
        when top_ups.variant = 'difference' and compared.is_outranked then 'superseded'
        when top_ups.variant = 'difference' and once.value <= once.paid_cny + compared.paid_below_cny then 'paid'
        else 'due'
    end as state,
    once.object_name,
    once.granted_date,
    once.paid_cny,
    case
        when once.value is null then null
        when top_ups.variant = 'difference' and compared.is_outranked then 0
        when top_ups.variant = 'difference'
            then greatest(0, once.value - once.paid_cny - compared.paid_below_cny)
        else greatest(0, once.value - once.paid_cny)
    end as owed_cny,
    top_ups.variant as top_up,
    plans.plan_id,
    plans.plan_state,
    once.evidence_keys,
    coalesce(once.payment_evidence_keys, []) as payment_evidence_keys
from once
inner join compared
    on
        once.recipient_identity = compared.recipient_identity
        and once.object_text = compared.object_text
        and once.rule_id = compared.rule_id
        and once.scheme_id = compared.scheme_id
inner join {{ ref('dim_rule') }} as top_ups
    on once.plan_key = top_ups.plan_key and top_ups.rule_kind = 'reward_top_up'
inner join {{ ref('dim_policy_plan') }} as plans on once.plan_key = plans.plan_key
-- What ended before it was paid is owed no more.
where once.is_held or once.n_payments > 0
