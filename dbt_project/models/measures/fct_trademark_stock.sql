-- Grain: one row per month, region of the owner, Nice class and office with valid marks at the end of the month.
{% set first_month = month_number(as_of()) ~ ' - ' ~ var('stock_months') ~ ' + 1' %}
with located as (
    select
        periods.office_code,
        periods.region_key,
        periods.live_from,
        periods.live_to,
        coalesce(classes.nice_class_key, -1) as nice_class_key,
        coalesce(classes.is_first, 1) as is_first
    from {{ ref('int_valid_mark_periods') }} as periods
    left join {{ ref('int_counted_classes') }} as classes on periods.trademark_key = classes.trademark_key
),

movements as (
    select
        region_key,
        nice_class_key,
        office_code,
        greatest({{ month_number('live_from') }}, {{ first_month }}) as month_no,
        is_first as n_marks,
        1 as n_mark_classes
    from located
    where {{ month_number('live_to') }} >= {{ first_month }}
    union all
    select
        region_key,
        nice_class_key,
        office_code,
        {{ month_number('live_to') }} as month_no,
        -is_first as n_marks,
        -1 as n_mark_classes
    from located
    where {{ month_number('live_to') }} >= {{ first_month }} and live_to <= {{ as_of() }}
),

cells as (
    select
        region_key,
        nice_class_key,
        office_code,
        month_no,
        sum(n_marks) as n_marks,
        sum(n_mark_classes) as n_mark_classes
    from movements
    group by region_key, nice_class_key, office_code, month_no
),

series as (
    select
        region_key,
        nice_class_key,
        office_code,
        min(month_no) as first_month_no
    from cells
    group by region_key, nice_class_key, office_code
),

months as (
    select
        period,
        {{ month_number('min(calendar_date)') }} as month_no,
        least(max(calendar_date), {{ as_of() }}) as snapshot_date
    from {{ ref('dim_date') }}
    where calendar_date is not null
    group by period
),

stock as (
    select
        months.period,
        months.snapshot_date,
        series.region_key,
        series.nice_class_key,
        series.office_code,
        cast(sum(cells.n_marks) over running as bigint) as n_marks,
        cast(sum(cells.n_mark_classes) over running as bigint) as n_mark_classes
    from series
    inner join months
        on series.first_month_no <= months.month_no and months.month_no <= {{ month_number(as_of()) }}
    left join cells
        on
            series.region_key = cells.region_key
            and series.nice_class_key = cells.nice_class_key
            and series.office_code = cells.office_code
            and months.month_no = cells.month_no
    window running as (
        partition by series.region_key, series.nice_class_key, series.office_code
        order by months.month_no
        rows between unbounded preceding and current row
    )
)

select
    period,
    snapshot_date,
    {{ date_key('snapshot_date') }} as snapshot_date_key,
    region_key,
    nice_class_key,
    office_code,
    coalesce(n_marks, 0) as n_marks,
    n_mark_classes
from stock
where n_mark_classes > 0
