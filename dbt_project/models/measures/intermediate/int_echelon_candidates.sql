-- Grain: one row per enterprise and echelon rule that it meets, with the recognitions or marks that meet it.
with rules as (
    select * from {{ ref('dim_rule') }}
    where rule_kind = 'echelon'
)

select
    placed.enterprise_key,
    rules.rule_key,
    list_sort(list(placed.recognition_key)) as recognition_keys,
    cast([] as bigint[]) as trademark_keys
from {{ ref('int_placed_recognitions') }} as placed
inner join {{ ref('bridge_rule_scheme') }} as covered on placed.scheme_key = covered.scheme_key
inner join rules on covered.rule_key = rules.rule_key
where
    placed.is_held
    and placed.enterprise_key <> -1
    and (
        rules.variant = 'holds'
        or (
            rules.variant = 'gained'
            and placed.granted_date <= {{ as_of() }}
            and placed.granted_date > {{ as_of() }} - rules.window_months * interval '1' month
        )
    )
group by placed.enterprise_key, rules.rule_key
having count(*) >= max(rules.value)
union all
select
    marks.owner_enterprise_key as enterprise_key,
    rules.rule_key,
    cast([] as bigint[]) as recognition_keys,
    list_sort(list(marks.trademark_key)) as trademark_keys
from {{ ref('dim_trademark') }} as marks
inner join {{ ref('dim_enterprise') }} as owners
    on marks.owner_enterprise_key = owners.enterprise_key and owners.is_current and owners.is_registered
inner join rules on rules.variant = 'offices'
where marks.status_group = 'live' and marks.is_current and marks.office_code <> 'CN'
group by marks.owner_enterprise_key, rules.rule_key
having count(distinct marks.office_code) >= max(rules.value)
