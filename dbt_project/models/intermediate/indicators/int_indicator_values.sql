-- Grain: one row per indicator, region (its name where not found), period and document; a repeated value counts once.
with reported as (
    select
        indicators.indicator_id,
        region_rows.document_name,
        region_rows.region_name,
        coalesce(regions.region_code, region_rows.region_name_norm) as region_identity,
        regions.region_code,
        regions.province_code,
        regions.city_code,
        region_rows.is_of_which as stated_of_which,
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
    inner join {{ ref('int_reported_indicators') }} as indicators
        on
            row_values.indicator_name_norm = indicators.indicator_name_norm
            and region_rows.document_name = indicators.document_name
),

ranked as (
    select
        *,
        row_number() over (
            partition by indicator_id, region_identity, period, document_name
            order by
                coalesce(reported_date, cast('0001-01-01' as date)) desc,
                md5({{ natural_key(['value', 'unit', 'stated_of_which']) }}) desc,
                delivery_sha256 desc,
                record_no desc,
                item_no desc
        ) as newness
    from reported
),

newest as (
    select * from ranked
    where newness = 1
),

-- A city or county whose province or city is in the same table is already counted there.
regions_in_tables as (
    select distinct
        indicator_id,
        document_name,
        period,
        region_code
    from newest
    where region_code is not null
)

select
    {{ surrogate_key(['newest.indicator_id', 'newest.region_identity', 'newest.period', 'newest.document_name']) }}
        as indicator_value_key,
    newest.*,
    coalesce(newest.stated_of_which, false) or exists (
        select 1
        from regions_in_tables
        where
            regions_in_tables.indicator_id = newest.indicator_id
            and regions_in_tables.document_name = newest.document_name
            and regions_in_tables.period = newest.period
            and regions_in_tables.region_code <> newest.region_code
            and regions_in_tables.region_code in (newest.province_code, newest.city_code)
    ) as is_of_which,
    case
        when length(newest.period) = 4 then make_date(cast(newest.period as bigint), 12, 31)
        else cast(
            make_date(
                cast(left(newest.period, 4) as bigint),
                case substr(newest.period, 5, 1)
                    when 'Q' then 3 * cast(right(newest.period, 1) as bigint)
                    when 'H' then 6 * cast(right(newest.period, 1) as bigint)
                    else cast(right(newest.period, 2) as bigint)
                end,
                1
            ) + interval '1' month - interval '1' day as date
        )
    end as period_end
from newest
