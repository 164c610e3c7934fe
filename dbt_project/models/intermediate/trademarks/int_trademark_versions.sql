-- Grain: one row per version and per replaced state of a mark that has more than one record.
with versions as (
    {{ version_runs(ref('int_trademark_statements')) | indent(4) }}
)

select
    record_key as durable_trademark_key,
    case
        when is_replaced then {{ replaced_key('record_key', 'valid_from', 'recorded_from') }}
        else {{ version_key('record_key', 'valid_from', 'is_newest') }}
    end as trademark_key,
    version_no,
    valid_from as version_from,
    valid_to as version_to,
    recorded_from,
    recorded_to,
    is_newest,
    is_listed,
    is_replaced,
    delivery_sha256,
    record_no
from versions
