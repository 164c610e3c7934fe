-- Grain: one row per class of a mark in an extract of China's trademark register.
{{ config(materialized='view') }}
select
    classes.*,
    extracts.received_at,
    coalesce(extracts.snapshot_date, classes.extract_date, cast('1900-01-01' as date)) as known_date
from {{ ref('stg_cnipa_trademark__registration_class') }} as classes
inner join {{ ref('int_cnipa_extracts') }} as extracts on classes.delivery_sha256 = extracts.delivery_sha256
