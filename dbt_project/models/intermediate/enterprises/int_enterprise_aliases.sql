-- Grain: one row per name key and credit code that has or had the name.
with registered as (
    select
        uscc,
        enterprise_name_key as name_key,
        enterprise_name_norm as name,
        1 as kind_rank
    from {{ ref('int_enterprise_versions') }}
    union all
    -- A name in an older extract is a former name, unless it is also today's.
    select
        uscc,
        enterprise_name_key as name_key,
        enterprise_name_norm as name,
        2 as kind_rank
    from {{ ref('stg_enterprise_register__enterprise') }}
    union all
    select
        register.uscc,
        former.former_name_key as name_key,
        former.former_name_norm as name,
        2 as kind_rank
    from {{ ref('stg_enterprise_register__former_name') }} as former
    inner join {{ ref('stg_enterprise_register__enterprise') }} as register
        on former.delivery_sha256 = register.delivery_sha256 and former.record_no = register.record_no
),

registered_once as (
    select
        name_key,
        min(uscc) as uscc
    from registered
    group by name_key
    having count(distinct uscc) = 1
),

declared as (
    select
        decisions.subject_name_key as name_key,
        decisions.subject_name as name,
        coalesce(decisions.object_uscc, registered_once.uscc) as uscc
    from {{ ref('int_enterprise_decisions') }} as decisions
    left join registered_once on decisions.object_name_key = registered_once.name_key
    where decisions.decision = 'alias' and (decisions.object_uscc is not null or registered_once.uscc is not null)
),

names as (
    select * from registered
    union all
    select
        uscc,
        name_key,
        name,
        3 as kind_rank
    from declared
    union all
    -- Y of X有限公司(原Y有限公司), where the code is printed with it.
    select
        uscc,
        former_name_key as name_key,
        former_name_norm as name,
        4 as kind_rank
    from {{ ref('stg_recognition_list__decision') }}
    where uscc is not null and {{ is_enterprise_recipient('recipient_kind') }}
    union all
    select
        uscc,
        name_key,
        name,
        5 as kind_rank
    from {{ ref('int_enterprise_mentions') }}
    where uscc is not null
)

select
    name_key,
    uscc,
    case min(kind_rank)
        when 1 then 'legal' when 2 then 'former' when 3 then 'declared' when 4 then 'printed_former' else 'stated'
    end as name_kind,
    -- A name that sources print next to a code may be a misprint: it counts only where no reliable code has the name.
    min(kind_rank) <= 3 as is_reliable,
    min(name) as name
from names
where name_key <> ''
group by name_key, uscc
