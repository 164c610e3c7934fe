-- Grain: one row per replaced state of a mark and span in which it was believed.
-- depends_on: {{ ref('dim_trademark') }}, {{ ref('enterprise_replaced') }}
{{ config(post_hook=["{{ trademark_known_at() }}", "{{ known_at() }}"]) }}
select * exclude (is_replaced)
from {{ ref('int_trademarks') }}
where is_replaced
