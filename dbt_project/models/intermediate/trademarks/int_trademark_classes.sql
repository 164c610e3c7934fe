-- Grain: one row per version of a mark and class as printed.
{{ config(materialized='view') }}
with classes as (
    select
        records.trademark_key,
        classes.nice_class as class_code,
        classes.class_status_code,
        classes.first_use_date
    from {{ ref('stg_uspto_trademark__classification') }} as classes
    inner join {{ ref('int_trademark_records') }} as records
        on
            classes.delivery_sha256 = records.delivery_sha256
            and classes.record_no = records.record_no
            and records.source_id = 'uspto_trademark'
            and not records.is_replaced
    union all
    select
        records.trademark_key,
        classes.nice_class as class_code,
        null as class_status_code,
        null as first_use_date
    from {{ ref('stg_tipo_gazette__classification') }} as classes
    inner join {{ ref('int_trademark_records') }} as records
        on
            classes.delivery_sha256 = records.delivery_sha256
            and classes.record_no = records.record_no
            and records.source_id = 'tipo_gazette'
            and not records.is_replaced
    union all
    select
        records.trademark_key,
        classes.nice_class as class_code,
        null as class_status_code,
        null as first_use_date
    from {{ ref('stg_euipo_trademark__classification') }} as classes
    inner join {{ ref('int_trademark_records') }} as records
        on
            classes.delivery_sha256 = records.delivery_sha256
            and classes.record_no = records.record_no
            and records.source_id = 'euipo_trademark'
            and not records.is_replaced
    union all
    select
        classes.trademark_key,
        classes.nice_class as class_code,
        classes.legal_status as class_status_code,
        null as first_use_date
    from {{ ref('int_cnipa_current_classes') }} as classes
    inner join {{ ref('int_cnipa_current_marks') }} as marks on classes.trademark_key = marks.trademark_key
    -- A class that left the register is kept only where its mark left at the same time.
    where classes.closed_date is null or classes.closed_date = marks.closed_date
    union all
    select
        marks.trademark_key,
        versions.nice_class as class_code,
        classes.legal_status as class_status_code,
        null as first_use_date
    from {{ ref('int_cnipa_class_versions') }} as versions
    inner join {{ ref('stg_cnipa_trademark__registration_class') }} as classes
        on versions.delivery_sha256 = classes.delivery_sha256 and versions.record_no = classes.record_no
    inner join {{ ref('int_trademark_versions') }} as marks
        on
            marks.durable_trademark_key = {{ surrogate_key(["'CN'", 'versions.registration_no']) }}
            and versions.valid_from <= marks.version_from
            and versions.valid_to > marks.version_from
    where
        versions.is_listed
        and marks.is_listed
        and not versions.is_replaced
        and not marks.is_replaced
        and not marks.is_newest
)

select
    trademark_key,
    class_code,
    min(class_status_code) as class_status_code,
    min(first_use_date) as first_use_date
from classes
where trim(replace(class_code, '　', '')) <> ''
group by trademark_key, class_code
