-- Grain: one row per name that its words resolve to no code, and per registered enterprise with a name near to one.
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

-- Words that differ in one character or lack one agree once one is taken from either or both; hashes only sift.
sieves as (
    select
        uscc,
        unnest({{ sieve('core') }}) as sieve
    from registered
),

wanted as (
    select distinct unnest({{ sieve('core') }}) as sieve
    from unresolved
),

sifted as (
    select distinct sieves.uscc
    from sieves
    inner join wanted on sieves.sieve = wanted.sieve
),

-- The marks that an enterprise owns under a name that is its own.
brands as (
    select
        ladder.uscc,
        list_sort(list(distinct marks.mark_text_norm)) as brands
    from {{ ref('int_cnipa_current_marks') }} as marks
    inner join {{ ref('int_enterprise_ladder') }} as ladder on marks.applicant_name_key = ladder.name_key
    where marks.mark_text_norm is not null and ladder.uscc in (select sifted.uscc from sifted)
    group by ladder.uscc
),

-- How many registered enterprises share an address, or the words of a name: the more, the weaker the clue.
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

rows_of_both as (
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
    inner join sifted on registered.uscc = sifted.uscc
    left join brands on registered.uscc = brands.uscc
    left join addresses on registered.address_norm = addresses.address_norm
)

select
    rows_of_both.side,
    rows_of_both.unique_id,
    rows_of_both.core,
    rows_of_both.form,
    {{ city_digits('rows_of_both.name_region') }} as name_city,
    {{ city_digits('rows_of_both.place_region') }} as place_city,
    rows_of_both.street,
    case when len(rows_of_both.brands) > 0 then rows_of_both.brands end as brands,
    nullif(rows_of_both.trade, '') as trade,
    coalesce(cores.n_of_core, 1) as n_of_core,
    rows_of_both.n_of_street
from rows_of_both
left join cores on rows_of_both.core = cores.core
