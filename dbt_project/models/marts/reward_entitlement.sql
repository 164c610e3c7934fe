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
        -- A payment without a stated amount counts as the full reward.
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

-- A reward is paid once: later editions of the same scheme earn nothing more.
rewards as (
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
        rewards.recipient_identity,
        rewards.object_text,
        rewards.rule_id,
        rewards.scheme_id,
        bool_or(others.rung > rewards.rung and others.is_held) as is_outranked,
        sum(case when others.rung < rewards.rung then others.paid_cny else 0 end) as paid_below_cny
    from rewards
    inner join rewards as others
        on
            rewards.recipient_identity = others.recipient_identity
            and rewards.plan_key = others.plan_key
            and rewards.ladder = others.ladder
            and (rewards.object_text = others.object_text or rewards.object_text = '' or others.object_text = '')
    group by rewards.recipient_identity, rewards.object_text, rewards.rule_id, rewards.scheme_id
)

select
    rewards.recipient_name,
    rewards.enterprise_key,
    rewards.scheme_id,
    rewards.level,
    rewards.rule_id,
    rewards.value as amount_cny,
    rewards.payer_level,
    case
        when rewards.n_payments > 0 and rewards.paid_cny >= coalesce(rewards.value, 0) then 'paid'
        when top_ups.variant = 'difference' and compared.is_outranked then 'superseded'
        when top_ups.variant = 'difference' and rewards.value <= rewards.paid_cny + compared.paid_below_cny then 'paid'
        else 'due'
    end as state,
    rewards.object_name,
    rewards.granted_date,
    rewards.paid_cny,
    case
        when rewards.value is null then null
        when top_ups.variant = 'difference' and compared.is_outranked then 0
        when top_ups.variant = 'difference'
            then greatest(0, rewards.value - rewards.paid_cny - compared.paid_below_cny)
        else greatest(0, rewards.value - rewards.paid_cny)
    end as owed_cny,
    top_ups.variant as top_up,
    plans.plan_id,
    plans.plan_state,
    rewards.evidence_keys,
    coalesce(rewards.payment_evidence_keys, []) as payment_evidence_keys
from rewards
inner join compared
    on
        rewards.recipient_identity = compared.recipient_identity
        and rewards.object_text = compared.object_text
        and rewards.rule_id = compared.rule_id
        and rewards.scheme_id = compared.scheme_id
inner join {{ ref('dim_rule') }} as top_ups
    on rewards.plan_key = top_ups.plan_key and top_ups.rule_kind = 'reward_top_up'
inner join {{ ref('dim_policy_plan') }} as plans on rewards.plan_key = plans.plan_key
-- A recognition that ended before its reward was paid earns none.
where rewards.is_held or rewards.n_payments > 0
