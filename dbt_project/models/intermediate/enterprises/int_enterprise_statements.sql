-- Grain: one row per registered enterprise and record of it, or complete list without it, where there is more than one.
with listing as (
    select
        delivery_sha256,
        list_date
    from {{ source('lake', 'lists') }}
    where source_id = 'enterprise_register'
),

-- An enterprise that only an extract of changes contains was never in a list, so no change of a list reports its end.
vanished as (
    select record_key as uscc
    from {{ ref('int_list_changes') }}
    where source_id = 'enterprise_register' and change = 'vanished'
    union
    select uscc
    from {{ ref('stg_enterprise_register__enterprise') }}
    where
        extract_date < (select max(listing.list_date) from listing)
        and delivery_sha256 not in (select listing.delivery_sha256 from listing)
),

stated as (
    {{ of_repeated_keys(
        ref('stg_enterprise_register__enterprise'), 'uscc', or_else='uscc in (select vanished.uscc from vanished)'
    ) | indent(4) }}
),

lists as (
    select
        listing.list_date,
        min(listing.delivery_sha256) as delivery_sha256,
        min(deliveries.received_at) as received_at
    from listing
    inner join {{ ref('int_deliveries') }} as deliveries
        on deliveries.source_id = 'enterprise_register' and listing.delivery_sha256 = deliveries.sha256
    group by listing.list_date
),

events as (
    select
        uscc as record_key,
        extract_date as event_date,
        '' as newest_first,
        md5({{ natural_key(enterprise_content()) }}) as content_hash,
        md5({{ natural_key(enterprise_content()) }}) as version_hash,
        true as is_listed,
        delivery_sha256,
        record_no,
        cast(null as timestamp) as list_received_at
    from stated
    union all
    select
        firms.uscc as record_key,
        lists.list_date as event_date,
        '' as newest_first,
        '' as content_hash,
        '' as version_hash,
        false as is_listed,
        lists.delivery_sha256,
        null as record_no,
        lists.received_at as list_received_at
    from (
        select
            uscc,
            min(extract_date) as first_date
        from stated
        group by uscc
    ) as firms
    inner join lists on firms.first_date < lists.list_date
    where not exists (
        select 1
        from {{ source('lake', 'list_records') }} as listed
        inner join {{ source('lake', 'lists') }} as days
            on listed.source_id = days.source_id and listed.delivery_sha256 = days.delivery_sha256
        where
            listed.source_id = 'enterprise_register'
            and firms.uscc = listed.record_key
            and lists.list_date = days.list_date
    )
),

dated as (
    select
        events.*,
        coalesce(events.list_received_at, deliveries.received_at) as received_at
    from events
    inner join {{ ref('int_deliveries') }} as deliveries
        on deliveries.source_id = 'enterprise_register' and events.delivery_sha256 = deliveries.sha256
)

{{ ranked_events('dated') }}
