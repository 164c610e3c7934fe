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

measured as (
    select
        targets.policy_target_key,
        targets.measure,
        targets.actual_method,
        targets.counted_to,
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
    policy_target_key,
    {{ as_of() }} as as_of_date,
    case reason_code when 'computed' then computed_value when 'reported' then reported_value end as actual_value,
    cast(extract(year from counted_to) as integer) as measured_year,
    reason_code,
    computed_value,
    computed_low,
    computed_high,
    succession_value,
    reported_value,
    reported_period,
    indicator_value_key,
    case
        when reason_code in ('computed', 'stale_source') and computed_value is not null then feed_date
        else reported_period_end_date
    end as data_date
from judged
