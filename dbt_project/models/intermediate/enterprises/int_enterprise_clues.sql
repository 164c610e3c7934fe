-- Grain: one row per name that does not resolve to a code, and per registered enterprise with a name near to such one.
with unresolved as (
    select * from {{ ref('int_unresolved_names') }}
),

registered as (
    select
        versions.uscc,
        versions.region_code,
        versions.address_norm,
        versions.industry_code,
        parts.core,
        parts.form,
        parts.region_code as name_region
    from {{ ref('int_enterprise_versions') }} as versions
    inner join {{ ref('int_enterprise_name_parts') }} as parts on versions.enterprise_name_key = parts.name_key
    where length(parts.core) >= 3
),

-- Two cores that differ in one character, or of which one lacks a character, have a hash in common. Equal hashes only
-- preselect the enterprises to compare.
registered_hashes as (
    select
        uscc,
        unnest({{ deletion_hashes('core') }}) as core_hash
    from registered
),

unresolved_hashes as (
    select distinct unnest({{ deletion_hashes('core') }}) as core_hash
    from unresolved
),

preselected as (
    select distinct registered_hashes.uscc
    from registered_hashes
    inner join unresolved_hashes on registered_hashes.core_hash = unresolved_hashes.core_hash
),

-- Texts of the marks whose applicant's name resolves to the enterprise.
brands as (
    select
        ladder.uscc,
        list_sort(list(distinct marks.mark_text_norm)) as brands
    from {{ ref('int_cnipa_current_marks') }} as marks
    inner join {{ ref('int_enterprise_ladder') }} as ladder on marks.applicant_name_key = ladder.name_key
    where marks.mark_text_norm is not null and ladder.uscc in (select preselected.uscc from preselected)
    group by ladder.uscc
),

-- How many registered enterprises share an address or a core: the more, the weaker the evidence.
addresses as (
    select
        address_norm,
        count(*) as n_of_street
    from registered
    group by address_norm
    having count(*) > 1
),

cores as (
    select
        core,
        count(*) as n_of_core
    from registered
    group by core
    having count(*) > 1
),

both_sides as (
    select
        'name' as side,
        unresolved.name_key as unique_id,
        unresolved.core,
        unresolved.form,
        unresolved.name_region,
        unresolved.place_region,
        unresolved.street,
        unresolved.brands,
        unresolved.trade,
        1 as n_of_street
    from unresolved
    union all
    select
        'enterprise' as side,
        registered.uscc as unique_id,
        registered.core,
        registered.form,
        registered.name_region,
        registered.region_code as place_region,
        {{ street('registered.address_norm') }} as street,
        brands.brands,
        left(regexp_replace(registered.industry_code, '^[A-T]', ''), 2) as trade,
        coalesce(addresses.n_of_street, 1) as n_of_street
    from registered
    inner join preselected on registered.uscc = preselected.uscc
    left join brands on registered.uscc = brands.uscc
    left join addresses on registered.address_norm = addresses.address_norm
)

select
    both_sides.side,
    both_sides.unique_id,
    both_sides.core,
    both_sides.form,
    {{ city_digits('both_sides.name_region') }} as name_city,
    {{ city_digits('both_sides.place_region') }} as place_city,
    both_sides.street,
    case when len(both_sides.brands) > 0 then both_sides.brands end as brands,
    nullif(both_sides.trade, '') as trade,
    coalesce(cores.n_of_core, 1) as n_of_core,
    both_sides.n_of_street
from both_sides
left join cores on both_sides.core = cores.core
