-- Grain: one row per sample, firm and role, as printed in a composite cell or a column of the role.
{{ config(materialized='view') }}
with parties as (
    {{ of_notices('party') }}
)

select distinct
    sample_rows.inspection_key,
    parties.role,
    parties.party_name_norm as party_name,
    parties.party_name_key
from parties
inner join {{ ref('int_inspection_rows') }} as sample_rows
    on
        parties.source_id = sample_rows.source_id
        and parties.delivery_sha256 = sample_rows.delivery_sha256
        and parties.record_no = sample_rows.record_no
inner join {{ ref('int_inspection_samples') }} as samples
    on
        sample_rows.inspection_key = samples.inspection_key
        and sample_rows.delivery_sha256 = samples.delivery_sha256
