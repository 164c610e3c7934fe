-- Grain: one row per recognition that an enterprise holds, with the rung of its scheme.
-- A list of exporters is not a recognition.
select
    recognitions.recognition_key,
    recognitions.enterprise_key,
    recognitions.scheme_key,
    schemes.rung
from {{ ref('fct_recognition') }} as recognitions
inner join {{ ref('dim_recognition_scheme') }} as schemes on recognitions.scheme_key = schemes.scheme_key
where
    recognitions.state in ('held', 'conditional')
    and recognitions.enterprise_key <> -1
    and not {{ is_exporter_list('recognitions.scheme_key') }}
