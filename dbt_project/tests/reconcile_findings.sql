-- Every failing item in the rows used for a sample is one finding of the star: as many per inspection, without repeats.
with notice_findings as (
    {{ of_notices('finding') }}
),

lake as (
    select
        sample_rows.inspection_key,
        count(
            distinct concat_ws(
                '|', findings.item_name_norm, coalesce(findings.result_text, ''), coalesce(findings.limit_text, '')
            )
        ) as n_findings
    from notice_findings as findings
    inner join {{ ref('int_inspection_rows') }} as sample_rows
        on
            findings.source_id = sample_rows.source_id
            and findings.delivery_sha256 = sample_rows.delivery_sha256
            and findings.record_no = sample_rows.record_no
    inner join {{ ref('int_inspection_samples') }} as samples
        on sample_rows.inspection_key = samples.inspection_key and sample_rows.delivery_sha256 = samples.delivery_sha256
    group by sample_rows.inspection_key
    union all
    select
        notifications.inspection_key,
        count(*) as n_findings
    from {{ ref('stg_rasff__hazard') }} as hazards
    inner join {{ ref('int_rasff_notifications') }} as notifications
        on hazards.delivery_sha256 = notifications.delivery_sha256 and hazards.record_no = notifications.record_no
    group by notifications.inspection_key
    union all
    select
        inspection_key,
        1 as n_findings
    from {{ ref('int_fda_recalls') }}
),

star as (
    select
        inspection_key,
        count(*) as n_findings
    from {{ ref('fct_inspection_finding') }}
    group by inspection_key
)

select
    coalesce(lake.inspection_key, star.inspection_key) as inspection_key,
    lake.n_findings as n_lake,
    star.n_findings as n_star
from lake
full outer join star on lake.inspection_key = star.inspection_key
where coalesce(lake.n_findings, 0) <> coalesce(star.n_findings, 0)
