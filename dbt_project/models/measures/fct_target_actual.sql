-- Grain: one row per policy target, with the value reached on the as-of date.
with targets as (
    select * from {{ ref('int_target_days') }}
    where measured_date = {{ as_of() }}
),

-- The newest day that each feed tells of, for a feed that has stopped tells nothing of today.
feeds as (
    select
        'recognition' as feed,
        max({{ earliest_day('decided_date', 'decided_date_text') }}) as latest_date
    from {{ ref('fct_recognition_event') }}
    where coalesce({{ earliest_day('decided_date', 'decided_date_text') }}, {{ as_of() }}) <= {{ as_of() }}
    having count(*) > 0
    union all
    select
        'inspection' as feed,
        max(notice_date) as latest_date
    from {{ ref('fct_inspection') }}
    where {{ is_sampled('source_id') }} and notice_date <= {{ as_of() }}
    having count(*) > 0
    union all
    select
        case marks.office_code when 'CN' then 'CN' else 'abroad' end as feed,
        max(
            least(
                coalesce(
                    deliveries.snapshot_date, marks.status_date, marks.registration_date, marks.filing_date
                ),
                {{ as_of() }}
            )
        ) as latest_date
    from {{ ref('dim_trademark') }} as marks
    left join {{ ref('dim_delivery') }} as deliveries on marks.delivery_key = deliveries.delivery_key
    where marks.trademark_key <> -1
    group by feed
),

-- Of a registration in several registers one mark stands for all.
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
),

evidence as (
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
),

measured as (
    select
        targets.policy_target_key,
        targets.measure,
        targets.actual_method,
        targets.counted_to,
        measured.target_month_key,
        measured.computed_value,
        measured.computed_low,
        measured.computed_high,
        measured.succession_value,
        measured.reported_value,
        measured.reported_period,
        measured.reported_period_end_date,
        measured.indicator_value_key,
        feeds.feed is not null as is_fed,
        feeds.latest_date as feed_date,
        targets.stale_after_days
    from targets
    inner join {{ ref('fct_target_month') }} as measured
        on targets.policy_target_key = measured.policy_target_key and targets.measured_date = measured.measured_date
    left join feeds
        on
            feeds.feed = case
                when targets.actual_method like 'recognitions%' then 'recognition'
                when targets.actual_method like 'pass_rate%' then 'inspection'
                when targets.office_code = 'CN' then 'CN'
                when targets.actual_method = 'international_marks' then 'abroad'
            end
),

judged as (
    select
        *,
        case
            when computed_value is not null and feed_date + stale_after_days >= {{ as_of() }} then 'computed'
            when
                reported_value is not null and reported_period_end_date + stale_after_days >= {{ as_of() }}
                then 'reported'
            when computed_value is not null or reported_value is not null then 'stale_source'
            when measure = 'qualitative' then 'qualitative'
            when actual_method = 'not_computed' then 'not_reported'
            when not is_fed then 'no_source'
            when actual_method like 'recognitions%' then 'no_decision'
            when actual_method like 'pass_rate%' then 'no_samples'
            else 'no_register'
        end as reason_code
    from measured
)

select
    judged.policy_target_key,
    {{ as_of() }} as as_of_date,
    case judged.reason_code when 'computed' then judged.computed_value when 'reported' then judged.reported_value end
        as actual_value,
    cast(extract(year from judged.counted_to) as integer) as measured_year,
    judged.reason_code,
    judged.computed_value,
    judged.computed_low,
    judged.computed_high,
    judged.succession_value,
    judged.reported_value,
    judged.reported_period,
    judged.indicator_value_key,
    case
        when judged.reason_code in ('computed', 'stale_source') and judged.computed_value is not null
            then judged.feed_date
        else judged.reported_period_end_date
    end as data_date,
    case
        when judged.computed_value is null and judged.reported_value is null then null
        when judged.computed_value is null or judged.reason_code = 'reported' then 'fct_indicator_value'
        when judged.actual_method like 'recognitions%' then 'fct_recognition'
        when judged.actual_method = 'international_marks' then 'dim_trademark'
        else 'fct_target_month'
    end as evidence_table,
    case
        when judged.computed_value is null and judged.reported_value is null then []
        when judged.computed_value is null or judged.reason_code = 'reported' then [judged.indicator_value_key]
        when judged.actual_method like 'recognitions%' or judged.actual_method = 'international_marks'
            then coalesce(evidence.evidence_keys, [])
        else [judged.target_month_key]
    end as evidence_keys
from judged
left join evidence on judged.policy_target_key = evidence.policy_target_key
