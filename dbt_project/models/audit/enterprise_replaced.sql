-- Grain: one row per replaced state of a registered enterprise and span in which it was believed.
-- depends_on: {{ ref('dim_enterprise') }}
{{ config(post_hook="{{ enterprise_known_at() }}") }}
with extracts as (
    {{ published_extracts() | indent(4) }}
    where history.is_replaced
),

{{ registered_enterprises() }}

enterprises as (
    select
        *,
        true as is_registered
    from registered
),

{{ located_enterprises(
    replaced_key(surrogate_key(['enterprises.enterprise_id']), 'enterprises.version_from', 'enterprises.recorded_from')
) }}
