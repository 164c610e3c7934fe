-- Grain: one row per name that an override, alias or printed former name assigns to the enterprise of a name or code.
with declared as (
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
        -- An alias of a code belongs to the code already, like a registered name.
        decision = 'alias' and object_uscc is null
        and subject_name_key not in (
            select overrides.subject_name_key
            from {{ ref('int_enterprise_decisions') }} as overrides
            where overrides.decision = 'same' and overrides.subject_name_key is not null
        )
),

-- X有限公司(原Y有限公司): Y is X, unless Y is printed as the former name of two firms.
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
        and decisions.former_name_key not in (select declared.name_key from declared)
    group by decisions.former_name_key
    having count(distinct decisions.recipient_name_key) = 1
),

edges as (
    select * from declared
    union all
    select * from printed
),

-- Each name leads to one other at most; names that lead in a circle are one firm that took an earlier name again.
followed as (
    with recursive steps as (
        select
            name_key,
            target_uscc,
            target_name_key,
            [name_key] as path
        from edges
        union all
        select
            steps.name_key,
            edges.target_uscc,
            edges.target_name_key,
            list_append(steps.path, edges.name_key) as path
        from steps
        inner join edges on steps.target_name_key = edges.name_key
        where not list_contains(steps.path, edges.name_key)
    )

    select
        name_key,
        max_by(target_uscc, len(path)) as target_uscc,
        max_by(target_name_key, len(path)) as last_name_key,
        max_by(path, len(path)) as path
    from steps
    group by name_key
)

select
    followed.name_key,
    followed.target_uscc,
    case
        when followed.target_uscc is not null then null
        when list_contains(followed.path, followed.last_name_key) then list_min(followed.path)
        else followed.last_name_key
    end as target_name_key,
    edges.method,
    edges.evidence
from followed
inner join edges on followed.name_key = edges.name_key
