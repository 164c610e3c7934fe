-- Grain: one row per replaced state of a mark and span in which it was believed.
-- depends_on: {{ ref('dim_trademark') }}, {{ ref('enterprise_replaced') }}
{{ config(post_hook=["{{ trademark_known_at() }}", "{{ known_at() }}"]) }}
{% set sources = {
    'us_marks': published_with_keys(ref('stg_uspto_trademark__case_file')),
    'tw_marks': published_with_keys(ref('stg_tipo_gazette__registration')),
    'em_marks': published_with_keys(
        ref('stg_euipo_trademark__mark'), derived=['published.status_text as status_code', 'cast(null as date) as deleted_date']
    ),
    'cn_marks': published_with_keys(ref('stg_cnipa_trademark__registration_class')),
} %}
with replaced as (
    select *
    from {{ ref('int_trademark_versions') }}
    where is_replaced
),

marks as (
    with
    {% for office_marks, published in sources.items() %}
        {{ office_marks }} as (
            {{ published | indent(12) }}
            where versions.is_replaced
        ){% if not loop.last %},{% endif %}
    {% endfor %}
    {{ marks_of_offices() | indent(4) }}
),

owners as (
    with
    {% for records in ['us_cases', 'tw_registrations', 'em_marks', 'cn_marks'] %}
        {{ records }} as (
            select
                trademark_key,
                delivery_sha256,
                record_no
            from replaced
        ),
    {% endfor %}
    {{ owners_of_records() | indent(4) }}
),

-- An owner whom only what was replaced names is no enterprise of the star.
first_owners as (
    select
        owners.trademark_key,
        names.enterprise_key
    from owners
    inner join {{ ref('int_enterprise_names') }} as names on owners.owner_name_key = names.name_key
    where owners.is_first_owner
),

dated as (
    select
        marks.*,
        replaced.durable_trademark_key,
        replaced.version_no,
        replaced.is_newest,
        replaced.is_listed,
        replaced.version_from,
        replaced.recorded_from,
        replaced.recorded_to,
        replaced.version_to as valid_to,
        coalesce(marks.filing_date, marks.registration_date, cast('1900-01-01' as date)) as begun_date,
        coalesce(first_owners.enterprise_key, -1) as owner_enterprise_key
    from marks
    inner join replaced on marks.trademark_key = replaced.trademark_key
    left join first_owners on marks.trademark_key = first_owners.trademark_key
)

{{ trademark_rows() }}
