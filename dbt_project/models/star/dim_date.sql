-- Grain: one row per calendar day from 1950 to 2060, and the unknown day.
with days as (
    select cast(day as date) as calendar_date
    from
        generate_series(cast('1950-01-01' as timestamp), cast('2060-12-31' as timestamp), interval '1' day)
            as series (day)
),

described as (
    select
        days.calendar_date,
        extract(year from days.calendar_date) as year,
        extract(month from days.calendar_date) as month,
        extract(isodow from days.calendar_date) as weekday,
        holidays.holiday_zh,
        holidays.holiday_en,
        holidays.day_kind
    from days
    left join {{ ref('public_holidays') }} as holidays on days.calendar_date = holidays.calendar_date
)

select
    {{ date_key('calendar_date') }} as date_key,
    calendar_date,
    cast(year as integer) as year,
    cast(extract(quarter from calendar_date) as integer) as quarter,
    cast(month as integer) as month,
    left(cast(calendar_date as varchar), 7) as period,
    cast(extract(day from calendar_date) as integer) as day,
    cast(weekday as integer) as weekday,
    case
        when day_kind = 'off' then true when year between 2020 and 2026 then false
    end as is_public_holiday,
    holiday_zh,
    holiday_en,
    case
        when day_kind = 'work' then true when year between 2020 and 2026 then false
    end as is_makeup_workday,
    case
        when day_kind = 'work' then true
        when day_kind = 'off' then false
        when year between 2020 and 2026 then weekday <= 5
    end as is_workday,
    year >= 2017 and month = 5 and extract(day from calendar_date) = 10 as is_china_brand_day,
    year >= 1978 and month = 9 as is_quality_month
from described
union all
select
    -1 as date_key,
    null as calendar_date,
    null as year,
    null as quarter,
    null as month,
    'unknown' as period,
    null as day,
    null as weekday,
    null as is_public_holiday,
    null as holiday_zh,
    null as holiday_en,
    null as is_makeup_workday,
    null as is_workday,
    false as is_china_brand_day,
    false as is_quality_month
