-- Grain: one row per row of an inspection notice, except refusals, with the sample that it belongs to.
{% set notice = ['agency_norm', 'notice_no', 'notice_date', 'source_row_id'] %}
with notice_rows as (
    {{ of_notices('sample_row') }}
),

-- A refusal is not an inspection.
inspected as (
    select * from notice_rows
    where coalesce(result, '') <> 'refused'
),

numbered as (
    select
        source_id,
        delivery_sha256,
        record_no,
        result,
        is_recheck,
        {{ surrogate_key(['source_id'] + notice + ['sample_no']) }} as inspection_key
    from inspected
    where sample_no is not null
),

unnumbered as (
    select
        source_id,
        delivery_sha256,
        record_no,
        result,
        is_recheck,
        row_no,
        {{ surrogate_key(notice + [
            'product_name_norm', 'producer_name_key', 'sampled_name_key', 'spec', 'brand_text_norm',
            'production_date_text', 'result'
        ]) }} as sample_identity
    from inspected
    where sample_no is null
),

previous as (
    select
        *,
        lag(sample_identity) over (partition by source_id, delivery_sha256 order by record_no) as previous_identity,
        lag(row_no) over (partition by source_id, delivery_sha256 order by record_no) as previous_row_no
    from unnumbered
),

-- A row that repeats the one above continues its sample; a row number of its own makes it another sample.
occurrences as (
    select
        *,
        sum(
            case when sample_identity = previous_identity and coalesce(row_no = previous_row_no, true) then 0 else 1 end
        ) over (
            partition by source_id, delivery_sha256, sample_identity
            order by record_no
            rows between unbounded preceding and current row
        ) as occurrence
    from previous
)

select
    inspection_key,
    source_id,
    delivery_sha256,
    record_no,
    result,
    is_recheck
from numbered
union all
select
    {{ surrogate_key(['source_id', 'sample_identity', 'occurrence']) }} as inspection_key,
    source_id,
    delivery_sha256,
    record_no,
    result,
    is_recheck
from occurrences
