-- Grain: one row per mark in China: the row of the best of its listed classes, else of the best of those closed last.
with ranked as (
    select
        classes.*,
        coalesce(statuses.status_group, 'unknown') as status_group,
        max(case when classes.is_well_known then 1 when not classes.is_well_known then 0 end)
            over (partition by classes.trademark_key) as well_known,
        row_number() over (
            partition by classes.trademark_key
            order by
                coalesce(classes.closed_date, {{ open_end() }}) desc,
                {{ status_group_rank('statuses.status_group') }},
                cast(classes.nice_class as integer)
        ) as class_rank
    from {{ ref('int_cnipa_current_classes') }} as classes
    left join {{ ref('trademark_statuses') }} as statuses
        on classes.legal_status = statuses.status_code and statuses.office_code = 'CN'
)

select
    trademark_key,
    delivery_sha256,
    record_no,
    registration_no,
    mark_text,
    mark_text_norm,
    applicant_name,
    applicant_name_norm,
    applicant_name_key,
    applicant_name_en,
    applicant_address,
    filing_date,
    preliminary_date,
    registration_date,
    expiry_date,
    legal_status,
    status_group,
    well_known = 1 as is_well_known,
    international_registration_no,
    closed_date
from ranked
where class_rank = 1
