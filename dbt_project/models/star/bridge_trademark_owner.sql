-- Grain: one row per owner entry of a mark's current record.
select
    owners.trademark_key,
    owners.owner_no,
    coalesce(names.enterprise_key, -1) as enterprise_key,
    owners.owner_name,
    owners.owner_identifier,
    owners.owner_address,
    owners.party_type,
    owners.entry_no,
    owners.country,
    owners.is_current_owner,
    owners.is_first_owner
from {{ ref('int_trademark_owners') }} as owners
left join {{ ref('int_enterprise_names') }} as names on owners.owner_name_key = names.name_key
