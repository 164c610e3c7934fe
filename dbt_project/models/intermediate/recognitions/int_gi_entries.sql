-- Grain: one row per geographical indication: its newest entry in the EU register.
with versions as (
    select
        *,
        row_number() over (
            partition by gi_identifier
            order by
                modified_at desc,
                md5({{ natural_key([
                    'file_number', 'gi_type', 'product_type', 'status', 'is_removed', 'protected_date',
                    'legal_instrument'
                ]) }}) desc,
                delivery_sha256 desc,
                record_no desc
        ) as newness
    from {{ ref('stg_eambrosia_gi__gi') }}
),

countries as (
    select
        delivery_sha256,
        record_no,
        string_agg(country_code, ', ' order by item_no) as origin_country
    from {{ ref('stg_eambrosia_gi__country') }}
    group by delivery_sha256, record_no
)

select
    {{ surrogate_key(['schemes.scheme_id', "''", "'G' || versions.gi_identifier", "''"]) }} as recognition_key,
    'G' || versions.gi_identifier as recipient_identity,
    schemes.scheme_id,
    names.protected_name as gi_name,
    countries.origin_country,
    versions.*
from versions
inner join {{ ref('eu_gi_schemes') }} as schemes on versions.gi_type = schemes.gi_type
inner join {{ ref('stg_eambrosia_gi__protected_name') }} as names
    on versions.delivery_sha256 = names.delivery_sha256 and versions.record_no = names.record_no and names.item_no = 1
left join countries on versions.delivery_sha256 = countries.delivery_sha256 and versions.record_no = countries.record_no
where versions.newness = 1
