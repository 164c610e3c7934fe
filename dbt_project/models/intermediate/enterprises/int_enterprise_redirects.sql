-- Grain: one row per name that, by a decision or a printed former name, is the enterprise of another name or of a code.
with redirects as (
    select
        subject_name_key as name_key,
        object_uscc as target_uscc,
        object_name_key as target_name_key,
        'override' as method,
        evidence
    from {{ ref('int_enterprise_decisions') }}
    where decision = 'same' and subject_name_key is not null
    union all
    select
        subject_name_key as name_key,
        object_uscc as target_uscc,
        object_name_key as target_name_key,
        'alias' as method,
        evidence
    from {{ ref('int_enterprise_decisions') }}
    where
        -- An alias of a code is the code's, as a registered name is.
        decision = 'alias' and object_uscc is null
        and subject_name_key not in (
            select overrides.subject_name_key
            from {{ ref('int_enterprise_decisions') }} as overrides
            where overrides.decision = 'same' and overrides.subject_name_key is not null
        )
),

-- X有限公司(原Y有限公司): Y is X, unless two firms print it.
printed as (
    select
        decisions.former_name_key as name_key,
        null as target_uscc,
        min(decisions.recipient_name_key) as target_name_key,
        'printed_former_name' as method,
        'printed as the former name of ' || min(decisions.recipient_name_norm) as evidence
    from {{ ref('stg_recognition_list__decision') }} as decisions
    where
        decisions.former_name_key <> decisions.recipient_name_key
        and {{ is_enterprise_recipient('decisions.recipient_kind') }}
        and decisions.former_name_key not in (select redirects.name_key from redirects)
    group by decisions.former_name_key
    having count(distinct decisions.recipient_name_key) = 1
),

edges as (
    select * from redirects
    union all
    select * from printed
),

-- Each name leads to one other at most; what leads in a circle is one firm that took an earlier name again.
walked as (
    with recursive steps as (
        select
            name_key,
            target_uscc,
            target_name_key,
            [name_key] as passed
        from edges
        union all
        select
            steps.name_key,
            edges.target_uscc,
            edges.target_name_key,
            list_append(steps.passed, edges.name_key) as passed
        from steps
        inner join edges on steps.target_name_key = edges.name_key
        where not list_contains(steps.passed, edges.name_key)
    )

    select
        name_key,
        max_by(target_uscc, len(passed)) as target_uscc,
        max_by(target_name_key, len(passed)) as last_name_key,
        max_by(passed, len(passed)) as passed
    from steps
    group by name_key
)

select
    walked.name_key,
    walked.target_uscc,
    case
        when walked.target_uscc is not null then null
        when list_contains(walked.passed, walked.last_name_key) then list_min(walked.passed)
        else walked.last_name_key
    end as target_name_key,
    edges.method,
    edges.evidence
from walked
inner join edges on walked.name_key = edges.name_key
