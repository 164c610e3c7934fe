-- Grain: one row per record from which the owners and classes of a version or replaced state of a mark are read.
{{ config(materialized='view') }}
select
    trademark_key,
    'uspto_trademark' as source_id,
    delivery_sha256,
    record_no,
    false as is_replaced
from {{ ref('int_uspto_current_cases') }}
union all
select
    trademark_key,
    'tipo_gazette' as source_id,
    delivery_sha256,
    record_no,
    false as is_replaced
from {{ ref('int_tipo_current_registrations') }}
union all
select
    trademark_key,
    'euipo_trademark' as source_id,
    delivery_sha256,
    record_no,
    false as is_replaced
from {{ ref('int_euipo_current_marks') }}
union all
select
    trademark_key,
    'cnipa_trademark' as source_id,
    delivery_sha256,
    record_no,
    false as is_replaced
from {{ ref('int_cnipa_current_marks') }}
union all
select
    versions.trademark_key,
    deliveries.source_id,
    versions.delivery_sha256,
    versions.record_no,
    versions.is_replaced
from {{ ref('int_trademark_versions') }} as versions
inner join {{ ref('int_deliveries') }} as deliveries on versions.delivery_sha256 = deliveries.sha256
where versions.is_replaced or (versions.is_listed and not versions.is_newest)
