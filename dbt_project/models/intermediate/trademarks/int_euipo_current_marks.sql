-- Grain: one row per EU application number: the mark as last produced.
select
    {{ surrogate_key(["'EM'", 'application_number']) }} as trademark_key,
    *,
    case operation_code when 'Delete' then 'Deleted' else status_text end as status_code,
    case operation_code when 'Delete' then cast(left(produced_at, 10) as date) end as deleted_date
from (
    {{ newest_of_key(
        ref('stg_euipo_trademark__mark'),
        key=['application_number'],
        newest_first=['produced_at'],
        content=euipo_content()
    ) }}
) as newest
