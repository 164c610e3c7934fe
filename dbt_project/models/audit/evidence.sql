-- Grain: one row per subject and record about it, where no row of the star refers to that record itself.
with notice_rows as (
    {{ of_notices('sample_row') }}
),

parties as (
    {{ of_notices('party') }}
),

further_records as (
    -- The further rows of a sample, and its rows in other files of the same notice.
    select
        'inspection' as subject,
        cast(sample_rows.inspection_key as varchar) as subject_no,
        sample_rows.source_id,
        sample_rows.delivery_sha256,
        sample_rows.record_no
    from {{ ref('int_inspection_rows') }} as sample_rows
    left join {{ ref('int_inspection_samples') }} as samples
        on
            sample_rows.inspection_key = samples.inspection_key
            and sample_rows.delivery_sha256 = samples.delivery_sha256
            and sample_rows.record_no = samples.record_no
    where samples.inspection_key is null
    union all
    -- The further classes of a mark in China.
    select
        'trademark' as subject,
        cast(classes.trademark_key as varchar) as subject_no,
        'cnipa_trademark' as source_id,
        classes.delivery_sha256,
        classes.record_no
    from {{ ref('int_cnipa_current_classes') }} as classes
    left join {{ ref('int_cnipa_current_marks') }} as marks
        on classes.delivery_sha256 = marks.delivery_sha256 and classes.record_no = marks.record_no
    where marks.trademark_key is null
    union all
    -- A party that is named where nothing was inspected, or in another file of the same notice, is an enterprise too.
    select
        'party_name' as subject,
        named.name_key as subject_no,
        named.source_id,
        named.delivery_sha256,
        min(named.record_no) as record_no
    from (
        {% for role in ['producer', 'sampled', 'commissioner'] %}
            select
                source_id,
                delivery_sha256,
                record_no,
                {{ role }}_name_key as name_key
            from notice_rows
            union all
        {% endfor %}
        select
            source_id,
            delivery_sha256,
            record_no,
            party_name_key as name_key
        from parties
    ) as named
    left join {{ ref('int_inspection_samples') }} as samples
        on
            named.source_id = samples.source_id
            and named.delivery_sha256 = samples.delivery_sha256
            and named.record_no = samples.record_no
    where named.name_key <> '' and samples.inspection_key is null
    group by named.name_key, named.source_id, named.delivery_sha256
    union all
    {{ first_records(
        'enterprise_register', 'enterprise', 'enterprise', 'uscc',
        [
            'enterprise_name', 'enterprise_name_en', 'registered_date', 'enterprise_type', 'region_code', 'address',
            'industry_code', 'registration_state', 'former_names'
        ],
        first=['extract_date']
    ) }}
    union all
    {{ first_records(
        'region_codes', 'region', 'region', 'region_code',
        ['name_zh', 'level_name', 'valid_from_year', 'valid_to_year', 'successor_codes']
    ) }}
    union all
    {{ first_records('industry_codes', 'industry', 'industry', 'industry_code', ['name_zh', 'parent_code']) }}
)

select
    further_records.subject,
    further_records.subject_no,
    deliveries.delivery_key,
    further_records.record_no
from further_records
inner join {{ ref('int_deliveries') }} as deliveries
    on further_records.source_id = deliveries.source_id and further_records.delivery_sha256 = deliveries.sha256
