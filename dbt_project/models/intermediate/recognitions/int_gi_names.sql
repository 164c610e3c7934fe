-- Grain: one row per protected name of a geographical indication, or transcription of one.
{{ config(materialized='view') }}
with names as (
    select
        delivery_sha256,
        record_no,
        item_no,
        'protected' as name_kind,
        protected_name as name,
        protected_name_norm as name_norm
    from {{ ref('stg_eambrosia_gi__protected_name') }}
    union all
    select
        delivery_sha256,
        record_no,
        item_no,
        'transcription' as name_kind,
        transcription as name,
        transcription_norm as name_norm
    from {{ ref('stg_eambrosia_gi__transcription') }}
)

select
    entries.recognition_key,
    names.name_kind,
    names.item_no as name_no,
    names.name,
    names.name_norm
from {{ ref('int_gi_entries') }} as entries
inner join names on entries.delivery_sha256 = names.delivery_sha256 and entries.record_no = names.record_no
