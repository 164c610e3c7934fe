-- Grain: one row per class and version, or state that was replaced, of marks in China of which more days are stated.
with versions as (
    {{ version_runs(ref('int_cnipa_class_statements')) | indent(4) }}
)

select
    *,
    split_part(record_key, '|', 1) as registration_no,
    split_part(record_key, '|', 2) as nice_class
from versions
