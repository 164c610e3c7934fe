-- Grain: one row per sample, firm and role, as printed in a composite cell or a column of the role.
select distinct
    parties.inspection_key,
    parties.role,
    parties.party_name,
    coalesce(names.enterprise_key, -1) as enterprise_key
from {{ ref('int_inspection_parties') }} as parties
left join {{ ref('int_enterprise_names') }} as names on parties.party_name_key = names.name_key
