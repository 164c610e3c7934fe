-- Grain: one row per US serial number: its newest published case file.
with published as (
    select * from {{ ref('stg_uspto_trademark__case_file') }}
),

repeated as (
    select serial_number
    from published
    group by serial_number
    having count(*) > 1
),

-- Only serial numbers published more than once are ranked: a window over every case file costs more than the rest.
contenders as (
    select
        published.delivery_sha256,
        published.record_no,
        row_number() over (
            partition by published.serial_number
            order by
                published.transaction_date desc,
                coalesce(published.file_created_at, '') desc,
                md5({{ natural_key([
                    'published.registration_number', 'published.status_code', 'published.status_date_text',
                    'published.filing_date_text', 'published.registration_date_text', 'published.renewal_date',
                    'published.mark_text', 'published.mark_drawing_code'
                ]) }}) desc,
                published.delivery_sha256 desc,
                published.record_no desc
        ) as newness
    from published
    inner join repeated on published.serial_number = repeated.serial_number
),

superseded as (
    select
        delivery_sha256,
        record_no
    from contenders
    where newness > 1
)

select
    {{ surrogate_key(["'US'", 'published.serial_number']) }} as trademark_key,
    published.*
from published
left join superseded
    on published.delivery_sha256 = superseded.delivery_sha256 and published.record_no = superseded.record_no
where superseded.record_no is null
