-- Grain: one row per owner entry of a version or replaced state of a mark.
with owners as (
    select * from {{ ref('int_trademark_owner_entries') }}
),

-- The first of today's owners: by party, then entry number, then position in the list, combined into one number so that
-- one pass finds it.
firsts as (
    select
        trademark_key,
        min(party_rank * 1000000000000 + entry_no * 1000000 + owner_no) as first_rank
    from owners
    group by trademark_key
)

select
    owners.trademark_key,
    owners.is_replaced,
    owners.owner_no,
    owners.source_id,
    owners.owner_name,
    owners.owner_name_norm,
    owners.owner_name_key,
    owners.owner_name_en,
    owners.owner_identifier,
    owners.owner_address,
    owners.party_type,
    owners.entry_no,
    owners.country,
    coalesce(owners.party_rank = floor(firsts.first_rank / 1000000000000), false) as is_current_owner,
    coalesce(
        owners.party_rank * 1000000000000 + owners.entry_no * 1000000 + owners.owner_no = firsts.first_rank, false
    ) as is_first_owner
from owners
inner join firsts on owners.trademark_key = firsts.trademark_key
