-- Grain: one row per replaced state of a registered enterprise and span in which it was believed.
-- depends_on: {{ ref('dim_enterprise') }}
{{ config(post_hook="{{ enterprise_known_at() }}") }}
with extracts as (
    select
        published.*,
        history.version_no,
        history.version_from,
        history.version_to,
        history.recorded_from,
        history.recorded_to,
        false as is_newest,
        history.is_listed,
        history.last_told
    from {{ ref('stg_enterprise_register__enterprise') }} as published
    inner join {{ ref('int_enterprise_history') }} as history
        on published.delivery_sha256 = history.delivery_sha256 and published.record_no = history.record_no
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
