-- Grain: one row per version and per replaced state of a registered enterprise that has more than one statement.
with versions as (
    {{ version_runs(ref('int_enterprise_statements')) | indent(4) }}
)

select
    record_key as uscc,
    version_no,
    valid_from as version_from,
    valid_to as version_to,
    last_stated_on,
    recorded_from,
    recorded_to,
    is_newest,
    is_listed,
    is_replaced,
    delivery_sha256,
    record_no
from versions
