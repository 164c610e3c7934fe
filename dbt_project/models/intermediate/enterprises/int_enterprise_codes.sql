-- Grain: one row per credit code that any source or decision states, with the enterprise that it identifies.
with codes as (
    select uscc from {{ ref('int_enterprise_aliases') }}
    union
    select object_uscc as uscc from {{ ref('int_enterprise_decisions') }}
    where object_uscc is not null
    union
    select subject_uscc as uscc from {{ ref('int_enterprise_decisions') }}
    where subject_uscc is not null
)

select
    codes.uscc,
    {{ surrogate_key(["'USCC:' || coalesce(decisions.object_uscc, codes.uscc)"]) }} as enterprise_key,
    'USCC:' || coalesce(decisions.object_uscc, codes.uscc) as enterprise_id,
    decisions.object_uscc is null as is_own,
    decisions.evidence as override_evidence
from codes
left join {{ ref('int_enterprise_decisions') }} as decisions
    on codes.uscc = decisions.subject_uscc and decisions.decision = 'same'
