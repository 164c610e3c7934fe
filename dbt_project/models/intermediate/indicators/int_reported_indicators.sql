-- Grain: one row per name of an indicator and document that uses the name.
with named as (
    select distinct
        row_values.indicator_name_norm,
        region_rows.document_name
    from {{ ref('stg_indicator_report__reported_value') }} as row_values
    inner join {{ ref('stg_indicator_report__region_row') }} as region_rows
        on row_values.delivery_sha256 = region_rows.delivery_sha256 and row_values.record_no = region_rows.record_no
),

names as (
    select
        indicator_text,
        document_word,
        indicator_id
    from {{ ref('reported_indicator_names') }}
    union
    select
        name_zh as indicator_text,
        null as document_word,
        indicator_id
    from {{ ref('indicators') }}
    union
    select
        name_zh as indicator_text,
        null as document_word,
        indicator_id
    from {{ ref('reported_indicators') }}
)

select
    named.indicator_name_norm,
    named.document_name,
    coalesce(min(names.indicator_id), named.indicator_name_norm) as indicator_id
from named
left join names
    on
        {{ bare_text('lower(named.indicator_name_norm)') }} = {{ bare_text('lower(names.indicator_text)') }}
        and (names.document_word is null or position(names.document_word in lower(named.document_name)) > 0)
group by named.indicator_name_norm, named.document_name
