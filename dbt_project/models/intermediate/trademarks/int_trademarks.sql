-- Grain: one row per version of a mark at an office; most marks have one.
{{ config(materialized='view') }}
with us_marks as (
    {{ versions_of(ref('int_uspto_current_cases'), ref('stg_uspto_trademark__case_file')) | indent(4) }}
),

tw_marks as (
    {{ versions_of(ref('int_tipo_current_registrations'), ref('stg_tipo_gazette__registration')) | indent(4) }}
),

em_marks as (
    {{ versions_of(
        ref('int_euipo_current_marks'),
        ref('stg_euipo_trademark__mark'),
        derived=['published.status_text', 'cast(null as date)']
    ) | indent(4) }}
),

cn_marks as (
    select
        trademark_key,
        delivery_sha256,
        record_no,
        registration_no,
        mark_text,
        filing_date,
        registration_date,
        expiry_date,
        legal_status,
        is_well_known,
        international_registration_no
    from {{ ref('int_cnipa_current_marks') }}
    union all
    select
        versions.trademark_key,
        classes.delivery_sha256,
        classes.record_no,
        classes.registration_no,
        classes.mark_text,
        classes.filing_date,
        classes.registration_date,
        classes.expiry_date,
        classes.legal_status,
        classes.is_well_known,
        classes.international_registration_no
    from {{ ref('stg_cnipa_trademark__registration_class') }} as classes
    inner join {{ ref('int_trademark_versions') }} as versions
        on classes.delivery_sha256 = versions.delivery_sha256 and classes.record_no = versions.record_no
    where not versions.is_newest and not versions.is_replaced
)

{{ marks_of_offices() }}
