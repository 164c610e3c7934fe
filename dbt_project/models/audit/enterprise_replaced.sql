-- Grain: one row per replaced state of a registered enterprise and span in which it was believed.
-- depends_on: {{ ref('dim_enterprise') }}
{{ config(post_hook="{{ enterprise_known_at() }}") }}
select * exclude (is_replaced)
from {{ ref('int_enterprises') }}
where is_replaced
