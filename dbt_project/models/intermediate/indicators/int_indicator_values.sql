-- Grain: one row per indicator, region as named, period and document; one value reported twice is one.
with reported as (
    select
        named.indicator_id,
        region_rows.document_name,
        region_rows.region_name,
        coalesce(regions.region_code, region_rows.region_name_norm) as region_identity,
        regions.region_code,
        regions.province_code,
        regions.city_code,
        region_rows.is_of_which as says_of_which,
        row_values.period,
        row_values.value,
        row_values.unit,
        row_values.printed_value,
        region_rows.reported_date,
        row_values.delivery_sha256,
        row_values.record_no,
        row_values.item_no
    from {{ ref('stg_indicator_report__reported_value') }} as row_values
    inner join {{ ref('stg_indicator_report__region_row') }} as region_rows
        on row_values.delivery_sha256 = region_rows.delivery_sha256 and row_values.record_no = region_rows.record_no
    inner join {{ ref('int_indicator_regions') }} as regions
        on row_values.delivery_sha256 = regions.delivery_sha256 and row_values.record_no = regions.record_no
    inner join {{ ref('int_reported_indicators') }} as named
        on
            row_values.indicator_name_norm = named.indicator_name_norm
            and region_rows.document_name = named.document_name
),

ranked as (
    select
        *,
        row_number() over (
            partition by indicator_id, region_identity, period, document_name
            order by
                coalesce(reported_date, cast('0001-01-01' as date)) desc,
                md5({{ natural_key(['value', 'unit', 'says_of_which']) }}) desc,
                delivery_sha256 desc,
                record_no desc,
                item_no desc
        ) as newness
    from reported
),

once as (
    select * from ranked
    where newness = 1
),

-- A city or county whose province or city stands in the same table is counted there already.
wholes as (
    select distinct
        indicator_id,
        document_name,
        period,
        region_code
    from once
    where region_code is not null
)

select
    {{ surrogate_key(['once.indicator_id', 'once.region_identity', 'once.period', 'once.document_name']) }}
        as indicator_value_key,
    once.*,
    coalesce(once.says_of_which, false) or exists (
        select 1
        from wholes
        where
            wholes.indicator_id = once.indicator_id
            and wholes.document_name = once.document_name
            and wholes.period = once.period
            and wholes.region_code <> once.region_code
            and wholes.region_code in (once.province_code, once.city_code)
    ) as is_of_which,
    case
        when length(once.period) = 4 then make_date(cast(once.period as bigint), 12, 31)
        else cast(
            make_date(
                cast(left(once.period, 4) as bigint),
                case substr(once.period, 5, 1)
                    when 'Q' then 3 * cast(right(once.period, 1) as bigint)
                    when 'H' then 6 * cast(right(once.period, 1) as bigint)
                    else cast(right(once.period, 2) as bigint)
                end,
                1
            ) + interval '1' month - interval '1' day as date
        )
    end as period_end
from once
