-- Grain: one row per recognition and protected name, or transcription of one, of a geographical indication.
select
    names.recognition_key,
    names.name_kind,
    names.name_no,
    names.name,
    names.name_norm
from {{ ref('int_gi_names') }} as names
-- An entry protected only after the as-of date is not a recognition yet.
inner join {{ ref('fct_recognition') }} as recognitions on names.recognition_key = recognitions.recognition_key
