-- Grain: one row per recognition of a geographical indication and protected name of it, or transcription of one.
select
    names.recognition_key,
    names.name_kind,
    names.name_no,
    names.name,
    names.name_norm
from {{ ref('int_gi_names') }} as names
-- An entry that is protected only after the as-of date is not a recognition yet.
inner join {{ ref('fct_recognition') }} as recognitions on names.recognition_key = recognitions.recognition_key
