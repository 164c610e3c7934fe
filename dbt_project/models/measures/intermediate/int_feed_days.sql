-- Grain: one row per feed for values of targets that has been received, with the newest day that it reports on.
select
    'recognition' as feed,
    max({{ earliest_day('decided_date', 'decided_date_text') }}) as latest_date
from {{ ref('fct_recognition_event') }}
where coalesce({{ earliest_day('decided_date', 'decided_date_text') }}, {{ as_of() }}) <= {{ as_of() }}
having count(*) > 0
union all
select
    'inspection' as feed,
    max(notice_date) as latest_date
from {{ ref('fct_inspection') }}
where {{ is_sampled('source_id') }} and notice_date <= {{ as_of() }}
having count(*) > 0
union all
select
    case marks.office_code when 'CN' then 'CN' else 'abroad' end as feed,
    max(
        least(
            coalesce(
                deliveries.snapshot_date, marks.status_date, marks.registration_date, marks.filing_date
            ),
            {{ as_of() }}
        )
    ) as latest_date
from {{ ref('dim_trademark') }} as marks
left join {{ ref('dim_delivery') }} as deliveries on marks.delivery_key = deliveries.delivery_key
where marks.trademark_key <> -1
group by feed
