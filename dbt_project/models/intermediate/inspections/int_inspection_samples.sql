-- Grain: one row per sample of an inspection notice.
with notice_rows as (
    {{ of_notices('sample_row') }}
),

sample_rows as (
    select * from {{ ref('int_inspection_rows') }}
),

-- The same notice in two files is one notice; the files' hashes decide whose rows are used, not the order of arrival.
chosen as (
    select
        inspection_key,
        min(delivery_sha256) as delivery_sha256
    from sample_rows
    group by inspection_key
),

outcomes as (
    select
        sample_rows.inspection_key,
        sample_rows.source_id,
        sample_rows.delivery_sha256,
        min(sample_rows.record_no) as record_no,
        max(case sample_rows.result when 'fail' then 1 else 0 end) as has_failed,
        max(case when sample_rows.is_recheck then 1 else 0 end) as has_recheck
    from sample_rows
    inner join chosen
        on
            sample_rows.inspection_key = chosen.inspection_key
            and sample_rows.delivery_sha256 = chosen.delivery_sha256
    group by sample_rows.inspection_key, sample_rows.source_id, sample_rows.delivery_sha256
)

select
    outcomes.inspection_key,
    case outcomes.has_failed when 1 then 'fail' else 'pass' end as sample_result,
    outcomes.has_recheck = 1 as is_recheck_sample,
    first_rows.*
from outcomes
inner join notice_rows as first_rows
    on
        outcomes.source_id = first_rows.source_id
        and outcomes.delivery_sha256 = first_rows.delivery_sha256
        and outcomes.record_no = first_rows.record_no
