-- Grain: one row per indicator of a brand plan or of reported statistics.
with listed as (
    select
        indicator_id,
        name_zh,
        name_en,
        unit,
        measure,
        computed_from,
        actual_method,
        office_code,
        pace,
        on_track_min_share,
        stale_after_days,
        forecast_model
    from {{ ref('indicators') }}
    union all
    select
        indicator_id,
        name_zh,
        name_en,
        unit,
        measure,
        'reported' as computed_from,
        'not_computed' as actual_method,
        null as office_code,
        'none' as pace,
        null as on_track_min_share,
        null as stale_after_days,
        'none' as forecast_model
    from {{ ref('reported_indicators') }}
)

select * from listed
union all
-- An indicator that no list has is kept under its own name.
select distinct
    indicator_id,
    indicator_id as name_zh,
    indicator_id as name_en,
    cast(null as varchar) as unit,
    'reported' as measure,
    'reported' as computed_from,
    'not_computed' as actual_method,
    cast(null as varchar) as office_code,
    'none' as pace,
    cast(null as double) as on_track_min_share,
    cast(null as integer) as stale_after_days,
    'none' as forecast_model
from {{ ref('int_reported_indicators') }}
where indicator_id not in (select listed.indicator_id from listed)
