-- Grain: one row per sample inspected, with the enterprises, mark and region that its texts are matched to.
{{ config(materialized='view') }}
with names as (
    select * from {{ ref('int_enterprise_names') }}
),

samples as (
    select
        samples.*,
        producers.enterprise_key as producer_key,
        coalesce(sampled_places.region_key, producer_places.region_key, agency_places.region_key) as place_key
    from {{ ref('int_inspection_samples') }} as samples
    left join names as producers on samples.producer_name_key = producers.name_key
    left join
        {{ ref('int_place_regions') }} as sampled_places
        on samples.sampled_address_norm = sampled_places.place_text
    left join
        {{ ref('int_place_regions') }} as producer_places
        on samples.producer_address_norm = producer_places.place_text
    left join {{ ref('int_place_regions') }} as agency_places on samples.agency_norm = agency_places.place_text
)

select
    samples.inspection_key,
    samples.source_id,
    samples.sample_no,
    samples.notice_no,
    samples.notice_date,
    coalesce(samples.producer_key, -1) as producer_enterprise_key,
    coalesce(sampled.enterprise_key, -1) as sampled_enterprise_key,
    samples.product_name,
    samples.brand_text,
    coalesce(marks.trademark_key, commissioned_marks.trademark_key, -1) as trademark_key,
    case
        when marks.is_domestic then 'producer_mark'
        when marks.trademark_key is not null then 'producer_mark_abroad'
        when commissioned_marks.is_domestic then 'commissioner_mark'
        when commissioned_marks.trademark_key is not null then 'commissioner_mark_abroad'
    end as trademark_method,
    case
        when samples.category_name_norm is null then -1
        else {{ surrogate_key(['samples.source_id', 'samples.category_name_norm']) }}
    end as product_category_key,
    samples.sample_result as result,
    samples.is_recheck_sample as is_recheck,
    coalesce(at_notice.region_key, samples.place_key, -1) as region_key,
    samples.delivery_sha256,
    samples.record_no,
    coalesce(commissioners.enterprise_key, -1) as commissioner_enterprise_key,
    samples.agency_norm as agency,
    samples.spec,
    samples.production_date,
    samples.last_production_date,
    samples.origin_country
from samples
left join names as sampled on samples.sampled_name_key = sampled.name_key
left join names as commissioners on samples.commissioner_name_key = commissioners.name_key
left join {{ ref('int_marks_by_owner') }} as marks
    on samples.producer_key = marks.owner_enterprise_key and samples.brand_text_norm = marks.mark_text
left join {{ ref('int_marks_by_owner') }} as commissioned_marks
    on
        commissioners.enterprise_key = commissioned_marks.owner_enterprise_key
        and samples.brand_text_norm = commissioned_marks.mark_text
left join {{ ref('int_region_timeline') }} as at_notice
    on
        samples.place_key = at_notice.anchor_key
        and samples.notice_date >= at_notice.valid_from
        and samples.notice_date < at_notice.valid_to
