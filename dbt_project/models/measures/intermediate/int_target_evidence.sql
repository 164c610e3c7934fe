-- Grain: one row per policy target with recognitions or marks that count towards it on the as-of date.
with targets as (
    select * from {{ ref('int_target_days') }}
    where measured_date = {{ as_of() }}
),

-- A registration in several registers counts as one mark.
registrations as (
    select
        targets.policy_target_key,
        min(marks.trademark_key) as trademark_key
    from targets
    inner join {{ ref('int_valid_mark_periods') }} as marks
        on
            marks.office_code not in ('CN', 'unknown')
            and targets.counted_to >= marks.live_from
            and targets.counted_to < marks.live_to
    inner join {{ ref('dim_region') }} as regions on marks.region_key = regions.region_key
    where
        targets.actual_method = 'international_marks'
        and {{ region_within('regions', 'targets.region_code', 'targets.region_level') }}
    group by targets.policy_target_key, marks.registration
)

select
    targets.policy_target_key,
    list_sort(list(counted.recognition_key)) as evidence_keys
from targets
inner join {{ ref('bridge_target_recognition') }} as counted
    on
        targets.policy_target_key = counted.policy_target_key
        and counted.definition = 'own'
        and counted.counts_from between coalesce(targets.counted_from, counted.counts_from) and targets.counted_to
        and targets.counted_to < counted.counts_to
group by targets.policy_target_key
union all
select
    policy_target_key,
    list_sort(list(trademark_key)) as evidence_keys
from registrations
group by policy_target_key
