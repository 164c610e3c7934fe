-- Grain: one row per failing item of a sample, hazard of a notification or reason of a recall.
{{ config(materialized='view') }}
{% set measured = [
    'result_text', 'result_comparator', 'result_value', 'result_unit', 'result_max', 'n_results', 'result_values',
    'limit_text', 'limit_comparator', 'limit_value', 'limit_value_to', 'limit_unit',
    'plan_n', 'plan_c', 'plan_m_low', 'plan_m_high'
] %}
with notice_findings as (
    {{ of_notices('finding') }}
),

findings as (
    select
        sample_rows.inspection_key,
        findings.item_name_norm as item_name,
        {% for column in measured %}
            findings.{{ column }},
        {% endfor %}
        findings.is_exponent_restored,
        null as hazard_category,
        null as hazard_class,
        -- Cells merged over the rows of a sample repeat their items; each item counts once.
        row_number() over (
            partition by sample_rows.inspection_key, findings.item_name_norm, findings.result_text, findings.limit_text
            order by findings.record_no, findings.item_no
        ) as repetition,
        findings.record_no,
        findings.item_no
    from notice_findings as findings
    inner join {{ ref('int_inspection_rows') }} as sample_rows
        on
            findings.source_id = sample_rows.source_id
            and findings.delivery_sha256 = sample_rows.delivery_sha256
            and findings.record_no = sample_rows.record_no
    inner join {{ ref('int_inspection_samples') }} as samples
        on
            sample_rows.inspection_key = samples.inspection_key
            and sample_rows.delivery_sha256 = samples.delivery_sha256
    union all
    select
        notifications.inspection_key,
        hazards.hazard_substance as item_name,
        {% for column in measured %}
            null as {{ column }},
        {% endfor %}
        false as is_exponent_restored,
        hazards.hazard_category,
        null as hazard_class,
        1 as repetition,
        hazards.record_no,
        hazards.item_no
    from {{ ref('stg_rasff__hazard') }} as hazards
    inner join {{ ref('int_rasff_notifications') }} as notifications
        on hazards.delivery_sha256 = notifications.delivery_sha256 and hazards.record_no = notifications.record_no
    union all
    select
        inspection_key,
        recall_reason as item_name,
        {% for column in measured %}
            null as {{ column }},
        {% endfor %}
        false as is_exponent_restored,
        null as hazard_category,
        hazard_class,
        1 as repetition,
        record_no,
        1 as item_no
    from {{ ref('int_fda_recalls') }}
)

select
    inspection_key,
    item_name,
    {% for column in measured %}
        {{ column }},
    {% endfor %}
    is_exponent_restored,
    hazard_category,
    hazard_class,
    record_no,
    item_no
from findings
where repetition = 1
