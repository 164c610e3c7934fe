-- Grain: one row per version or replaced state of a class of a mark in China, for marks with more than one statement.
with versions as (
    {{ version_runs(ref('int_cnipa_class_statements')) | indent(4) }}
)

select
    *,
    split_part(record_key, '|', 1) as registration_no,
    split_part(record_key, '|', 2) as nice_class
from versions
