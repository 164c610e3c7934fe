-- Grain: one row per failing item of a sample, hazard of a notification or reason of a recall.
{% set measured = [
    'result_text', 'result_comparator', 'result_value', 'result_unit', 'result_max', 'n_results', 'result_values',
    'limit_text', 'limit_comparator', 'limit_value', 'limit_value_to', 'limit_unit',
    'plan_n', 'plan_c', 'plan_m_low', 'plan_m_high'
] %}
select
    inspection_key,
    row_number() over (partition by inspection_key order by record_no, item_no) as finding_no,
    item_name,
    {% for column in measured %}
        {{ column }},
    {% endfor %}
    is_exponent_restored,
    hazard_category,
    hazard_class
from {{ ref('int_inspection_findings') }}
