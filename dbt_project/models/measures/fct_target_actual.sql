-- Grain: one row per policy target, with its actual value on the as-of date.
with targets as (
    select * from {{ ref('int_target_days') }}
    where measured_date = {{ as_of() }}
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
    -- The values of a feed that has stopped do not apply to today.
    left join {{ ref('int_feed_days') }} as feeds
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
left join {{ ref('int_target_evidence') }} as evidence on judged.policy_target_key = evidence.policy_target_key
