-- Grain: one row per version of a mark and region of its owner, for the time in which the mark was valid.
with valid_marks as (
    select
        trademark_key,
        office_code,
        owner_enterprise_key,
        -- One international registration can be in the registers of several offices.
        coalesce(international_registration_no, office_code || application_no) as registration,
        case
            when status_group = 'live' then greatest(valid_from, coalesce(status_since, valid_from))
            else greatest(valid_from, registration_date)
        end as live_from,
        case when status_group = 'live' then valid_to else least(valid_to, status_since) end as live_to
    from {{ ref('dim_trademark') }}
    where
        is_listed
        and (status_group = 'live' or (status_group = 'dead' and registration_date < status_since))
),

-- A firm has the region that it had at the time; before its first version and after its last, the region of these.
firms as (
    select
        durable_enterprise_key,
        region_key,
        case when version_no = 1 then cast('0001-01-01' as date) else valid_from end as located_from,
        case when enterprise_key = durable_enterprise_key then {{ open_end() }} else valid_to end as located_to
    from {{ ref('dim_enterprise') }}
)

select
    marks.trademark_key,
    marks.office_code,
    marks.registration,
    firms.region_key,
    greatest(marks.live_from, firms.located_from) as live_from,
    least(marks.live_to, firms.located_to) as live_to
from valid_marks as marks
inner join firms
    on
        marks.owner_enterprise_key = firms.durable_enterprise_key
        and marks.live_from < firms.located_to
        and marks.live_to > firms.located_from
where marks.live_from < marks.live_to and marks.live_from <= {{ as_of() }}
