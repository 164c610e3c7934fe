-- Grain: one row per indicator and recognition scheme that counts towards it.
select
    {{ surrogate_key(['indicator_id']) }} as indicator_key,
    {{ surrogate_key(['scheme_id']) }} as scheme_key,
    definition
from {{ ref('indicator_schemes') }}
