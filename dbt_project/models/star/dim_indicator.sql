-- Grain: one row per indicator of the brand plans or of reported statistics, and the unknown indicator.
select
    {{ surrogate_key(['indicator_id']) }} as indicator_key,
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
from {{ ref('int_indicators') }}
union all
select
    -1 as indicator_key,
    'unknown' as indicator_id,
    '未知' as name_zh,
    'Unknown' as name_en,
    null as unit,
    'unknown' as measure,
    'unknown' as computed_from,
    'not_computed' as actual_method,
    null as office_code,
    'none' as pace,
    null as on_track_min_share,
    null as stale_after_days,
    'none' as forecast_model
