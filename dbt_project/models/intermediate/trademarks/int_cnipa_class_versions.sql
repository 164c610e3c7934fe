-- Grain: one row per class and version or replaced state of it, where more than one day is stated of the mark in China.
with versions as (
    {{ version_runs(ref('int_cnipa_class_events')) | indent(4) }}
)

select
    *,
    split_part(record_key, '|', 1) as registration_no,
    split_part(record_key, '|', 2) as nice_class
from versions
