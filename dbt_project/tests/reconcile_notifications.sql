-- Every RASFF reference and US recall number of the lake is in an inspection of the star, and the star has no others.
with lake as (
    select
        'rasff' as source_id,
        notification_no
    from {{ ref('stg_rasff__notification') }}
    union
    select
        'fda_enforcement' as source_id,
        recall_no as notification_no
    from {{ ref('stg_fda_enforcement__recall') }}
    where recall_no is not null
),

star as (
    select
        source_id,
        notice_no as notification_no
    from {{ ref('fct_inspection') }}
    where source_id in ('rasff', 'fda_enforcement') and notice_no is not null
)

select
    lake.notification_no as lake_notification_no,
    star.notification_no as star_notification_no
from lake
full outer join star on lake.source_id = star.source_id and lake.notification_no = star.notification_no
where lake.notification_no is null or star.notification_no is null
