-- Grain: one row per owner entry of a version of a mark.
with us_cases as (
    {{ records_of_versions(ref('int_uspto_current_cases')) | indent(4) }}
),

tw_registrations as (
    {{ records_of_versions(ref('int_tipo_current_registrations')) | indent(4) }}
),

em_marks as (
    {{ records_of_versions(ref('int_euipo_current_marks')) | indent(4) }}
),

cn_marks as (
    {{ records_of_versions(ref('int_cnipa_current_marks')) | indent(4) }}
),

{{ owners_of_records() }}
