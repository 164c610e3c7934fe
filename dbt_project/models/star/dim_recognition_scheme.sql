-- Grain: one row per recognition scheme, and the unknown scheme.
select
    {{ surrogate_key(['scheme_id']) }} as scheme_key,
    scheme_id,
    name_zh,
    name_en,
    level,
    ladder,
    rung,
    coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
    coalesce(valid_to, {{ open_end() }}) as valid_to,
    successor_scheme_id,
    validity_years
from {{ ref('int_recognition_schemes') }}
union all
select
    -1 as scheme_key,
    'unknown' as scheme_id,
    '未知' as name_zh,
    'Unknown' as name_en,
    null as level,
    null as ladder,
    null as rung,
    cast('1900-01-01' as date) as valid_from,
    {{ open_end() }} as valid_to,
    null as successor_scheme_id,
    null as validity_years
