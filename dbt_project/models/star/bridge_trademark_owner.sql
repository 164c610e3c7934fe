-- Grain: one row per owner entry of a version of a mark.
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
    owners.is_first_owner,
    {{ version_columns('marks') }}
from {{ ref('int_trademark_owners') }} as owners
left join {{ ref('int_enterprise_names') }} as names on owners.owner_name_key = names.name_key
inner join {{ ref('dim_trademark') }} as marks on owners.trademark_key = marks.trademark_key
