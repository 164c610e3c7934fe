-- Grain: one row per mark and record of it, or end of its term, where there is more than one.
with uspto_trademark as (
    {{ of_repeated_keys(ref('stg_uspto_trademark__case_file'), 'serial_number') | indent(4) }}
),

tipo_gazette as (
    {{ of_repeated_keys(
        ref('stg_tipo_gazette__registration'), 'application_number', or_else='max(expiry_date) <= ' ~ as_of()
    ) | indent(4) }}
),

euipo_trademark as (
    {{ of_repeated_keys(ref('stg_euipo_trademark__mark'), 'application_number') | indent(4) }}
),

events as (
    select
        'uspto_trademark' as source_id,
        {{ surrogate_key(["'US'", 'serial_number']) }} as record_key,
        transaction_date as event_date,
        coalesce(file_created_at, '') as newest_first,
        md5({{ natural_key(uspto_content()) }}) as content_hash,
        cast(transaction_date as varchar) as version_hash,
        true as is_listed,
        delivery_sha256,
        record_no
    from uspto_trademark
    union all
    select
        'tipo_gazette' as source_id,
        {{ surrogate_key(["'TW'", 'application_number']) }} as record_key,
        registration_date as event_date,
        cast(expiry_date as varchar) as newest_first,
        md5({{ natural_key(tipo_content()) }}) as content_hash,
        cast(registration_date as varchar) as version_hash,
        true as is_listed,
        delivery_sha256,
        record_no
    from tipo_gazette
    union all
    -- A term ends without a record.
    select
        'tipo_gazette' as source_id,
        trademark_key as record_key,
        expiry_date as event_date,
        '' as newest_first,
        '' as content_hash,
        'expired' as version_hash,
        true as is_listed,
        delivery_sha256,
        record_no
    from {{ ref('int_tipo_current_registrations') }}
    where expiry_date <= {{ as_of() }} and expiry_date > registration_date
    union all
    select
        'euipo_trademark' as source_id,
        {{ surrogate_key(["'EM'", 'application_number']) }} as record_key,
        cast(left(produced_at, 10) as date) as event_date,
        produced_at as newest_first,
        md5({{ natural_key(euipo_content()) }}) as content_hash,
        case when operation_code = 'Delete' then '' else left(produced_at, 10) end as version_hash,
        coalesce(operation_code, '') <> 'Delete' as is_listed,
        delivery_sha256,
        record_no
    from euipo_trademark
),

dated as (
    select
        events.*,
        deliveries.received_at
    from events
    inner join {{ ref('int_deliveries') }} as deliveries
        on events.source_id = deliveries.source_id and events.delivery_sha256 = deliveries.sha256
    union all
    select
        'cnipa_trademark' as source_id,
        {{ surrogate_key(["'CN'", 'registration_no']) }} as record_key,
        event_date,
        newest_first,
        version_hash as content_hash,
        version_hash,
        is_listed,
        delivery_sha256,
        record_no,
        received_at
    from {{ ref('int_cnipa_mark_events') }}
)

{{ ranked_events('dated') }}
