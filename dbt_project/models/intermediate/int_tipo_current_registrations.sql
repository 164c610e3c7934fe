-- Grain: one row per Taiwan application number.
with published as (
    select * from {{ ref('stg_tipo_gazette__registration') }}
),

repeated as (
    select application_number
    from published
    group by application_number
    having count(*) > 1
),

-- Gazettes only add; the same registration twice is told apart by its content, never by when it came.
contenders as (
    select
        published.delivery_sha256,
        published.record_no,
        row_number() over (
            partition by published.application_number
            order by
                published.registration_date desc,
                published.expiry_date desc,
                md5({{ natural_key([
                    'published.registration_number', 'published.mark_text', 'published.filing_date', 'published.mark_type'
                ]) }}) desc,
                published.delivery_sha256 desc,
                published.record_no desc
        ) as newness
    from published
    inner join repeated on published.application_number = repeated.application_number
),

superseded as (
    select
        delivery_sha256,
        record_no
    from contenders
    where newness > 1
)

select
    {{ surrogate_key(["'TW'", 'published.application_number']) }} as trademark_key,
    published.*
from published
left join superseded
    on published.delivery_sha256 = superseded.delivery_sha256 and published.record_no = superseded.record_no
where superseded.record_no is null
