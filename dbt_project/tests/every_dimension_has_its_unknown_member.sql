-- Key -1 is in every dimension, so that facts need no null key.
{% set dimensions = {
    'dim_date': 'date_key', 'dim_region': 'region_key', 'dim_industry': 'industry_key', 'dim_nice_class': 'nice_class_key',
    'dim_enterprise': 'enterprise_key', 'dim_trademark': 'trademark_key', 'dim_product_category': 'product_category_key',
    'dim_recognition_scheme': 'scheme_key', 'dim_indicator': 'indicator_key', 'dim_policy_plan': 'plan_key',
    'dim_delivery': 'delivery_key',
} %}
{% for dimension, key in dimensions.items() %}
    select '{{ dimension }}' as dimension
    from {{ ref(dimension) }}
    having count(case when {{ key }} = -1 then 1 end) <> 1
    {% if not loop.last %}union all{% endif %}
{% endfor %}
