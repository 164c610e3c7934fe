-- Grain: one row per version of a mark and class as printed.
with us_cases as (
    {{ records_of_versions(ref('int_uspto_current_cases')) | indent(4) }}
),

tw_registrations as (
    {{ records_of_versions(ref('int_tipo_current_registrations')) | indent(4) }}
),

em_marks as (
    {{ records_of_versions(ref('int_euipo_current_marks')) | indent(4) }}
),

classes as (
    select
        cases.trademark_key,
        classes.nice_class as class_code,
        classes.class_status_code,
        classes.first_use_date
    from {{ ref('stg_uspto_trademark__classification') }} as classes
    inner join us_cases as cases
        on classes.delivery_sha256 = cases.delivery_sha256 and classes.record_no = cases.record_no
    union all
    select
        registrations.trademark_key,
        classes.nice_class as class_code,
        null as class_status_code,
        null as first_use_date
    from {{ ref('stg_tipo_gazette__classification') }} as classes
    inner join tw_registrations as registrations
        on classes.delivery_sha256 = registrations.delivery_sha256 and classes.record_no = registrations.record_no
    union all
    select
        marks.trademark_key,
        classes.nice_class as class_code,
        null as class_status_code,
        null as first_use_date
    from {{ ref('stg_euipo_trademark__classification') }} as classes
    inner join em_marks as marks
        on classes.delivery_sha256 = marks.delivery_sha256 and classes.record_no = marks.record_no
    union all
    select
        classes.trademark_key,
        classes.nice_class as class_code,
        classes.legal_status as class_status_code,
        null as first_use_date
    from {{ ref('int_cnipa_current_classes') }} as classes
    inner join {{ ref('int_cnipa_current_marks') }} as marks on classes.trademark_key = marks.trademark_key
    -- What left the register stays with a mark that left it whole.
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
),

numbered as (
    select
        trademark_key,
        class_code,
        min(class_status_code) as class_status_code,
        min(first_use_date) as first_use_date
    from classes
    where trim(replace(class_code, '　', '')) <> ''
    group by trademark_key, class_code
)

select
    parsed.trademark_key,
    -- Letters and 200 mark certification and collective marks, which have no Nice class; 0 is not classified yet.
    case when parsed.class_number between 1 and 45 then parsed.class_number else -1 end as nice_class_key,
    parsed.class_code,
    parsed.class_status_code,
    parsed.first_use_date,
    {{ version_columns() }}
from (
    select
        *,
        case when regexp_matches(class_code, '^[0-9]{1,3}$') then cast(class_code as bigint) end as class_number
    from numbered
) as parsed
inner join {{ ref('dim_trademark') }} as marks on parsed.trademark_key = marks.trademark_key
