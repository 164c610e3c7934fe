-- Every US serial number of the lake is one mark of the star; no mark comes from nowhere.
with lake as (
    select distinct serial_number as application_no from {{ ref('stg_uspto_trademark__case_file') }}
),

star as (
    select application_no from {{ ref('dim_trademark') }}
    where office_code = 'US'
)

select
    lake.application_no as lake_application_no,
    star.application_no as star_application_no
from lake
full outer join star on lake.application_no = star.application_no
where lake.application_no is null or star.application_no is null
