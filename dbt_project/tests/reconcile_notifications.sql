-- Every RASFF reference of the lake is one inspection of the star; none comes from nowhere.
with lake as (
    select distinct notification_no from {{ ref('stg_rasff__notification') }}
),

star as (
    select notice_no as notification_no from {{ ref('fct_inspection') }}
    where source_id = 'rasff'
)

select
    lake.notification_no as lake_notification_no,
    star.notification_no as star_notification_no
from lake
full outer join star on lake.notification_no = star.notification_no
where lake.notification_no is null or star.notification_no is null
