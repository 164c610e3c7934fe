-- Grain: one row per brand plan and indicator, on the as-of date.
with targets as (
    select
        plans.plan_id,
        indicators.indicator_id,
        targets.name_zh,
        targets.name_en,
        regions.region_code,
        actuals.as_of_date,
        actuals.actual_value,
        targets.target_value,
        targets.target_high_value,
        targets.unit,
        targets.comparator,
        targets.due_date,
        indicators.measure,
        indicators.on_track_min_share,
        actuals.reason_code,
        actuals.measured_year,
        case targets.comparator
            when '>' then actuals.actual_value > targets.target_value
            when '=' then actuals.actual_value = targets.target_value
            -- More than the upper figure of a range is not a failure.
            else actuals.actual_value >= targets.target_value
        end as is_reached,
        -- Share of the way that should lie behind on the as-of date, on a straight path.
        case indicators.pace
            when 'plan'
                then cast(actuals.as_of_date - plans.valid_from as double) / (targets.due_date - plans.valid_from)
            when 'year' then cast(extract(doy from actuals.as_of_date) as double) / 365
        end as elapsed_share,
        targets.source_quote
    from {{ ref('fct_policy_target') }} as targets
    inner join {{ ref('dim_policy_plan') }} as plans on targets.plan_key = plans.plan_key
    inner join {{ ref('dim_indicator') }} as indicators on targets.indicator_key = indicators.indicator_key
    inner join {{ ref('dim_region') }} as regions on targets.region_key = regions.region_key
    inner join {{ ref('fct_target_actual') }} as actuals on targets.policy_target_key = actuals.policy_target_key
),

judged as (
    select
        *,
        case
            when actual_value is null then 'unknown'
            when is_reached then 'met'
            when as_of_date > due_date then 'missed'
            when actual_value >= target_value * least(elapsed_share, 1.0) * on_track_min_share then 'on_track'
            else 'at_risk'
        end as status
    from targets
)

select
    plan_id,
    indicator_id,
    name_zh,
    name_en,
    region_code,
    as_of_date,
    actual_value,
    target_value,
    unit,
    case
        when comparator = 'between' and actual_value > target_high_value then target_high_value - actual_value
        when comparator = 'between' and actual_value >= target_value then 0
        else target_value - actual_value
    end as gap,
    case when target_value > 0 and measure <> 'rank' then actual_value / target_value * 100 end as achieved_pct,
    status,
    case reason_code
        when 'qualitative' then '定性目标，无数值可比 | A qualitative target has no number to compare'
        when 'no_decision'
            then '尚未收到该地区相关称号的认定决定 | No decision on these recognitions has been received for the region'
        when 'no_samples'
            then '近十二个月没有含合格样品的抽检公布 | No sampling notice with passing samples in the last twelve months'
        when 'no_register' then '尚未收到该商标局的注册簿 | No register of that trademark office has been received'
        when 'not_reported'
            then '依上报统计，规划期内尚无上报 | Rests on reported statistics, and none was reported for the plan''s term'
        else case status
            when 'met' then '已达到目标值 | The target value is reached'
            when 'missed' then '期限已过而未达到目标值 | The due date has passed without reaching the target value'
            when 'on_track' then '未达目标值，但不落后于均匀进度 | Not reached yet, not behind an even pace'
            else '未达目标值，且落后于均匀进度 | Not reached yet, and behind an even pace'
        end
    end as reason,
    measure,
    comparator,
    target_high_value,
    due_date,
    measured_year,
    source_quote
from judged
