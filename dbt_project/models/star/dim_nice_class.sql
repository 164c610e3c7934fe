-- Grain: one row per class of the Nice Classification, and the unknown class.
select
    cast(nice_class as bigint) as nice_class_key,
    cast(nice_class as integer) as nice_class,
    name_zh,
    name_en,
    kind
from {{ ref('nice_classes') }}
union all
select
    -1 as nice_class_key,
    null as nice_class,
    '未知' as name_zh,
    'Unknown' as name_en,
    'unknown' as kind
