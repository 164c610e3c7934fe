-- Grain: one row per firm that a row of an inspection notice names, by role.
{{ config(materialized='view') }}
with notice_rows as (
    {{ of_notices('sample_row') }}
)

select
    source_id,
    producer_name_key as name_key,
    producer_name_norm as name,
    -- A cell may contain the addresses of two firms.
    case when producer_address_norm not like '%委托%' then producer_address_norm end as address,
    producer_address_norm as place_text,
    brand_text_norm as brand_text,
    category_name_norm as category_name
from notice_rows
union all
select
    source_id,
    commissioner_name_key as name_key,
    commissioner_name_norm as name,
    null as address,
    null as place_text,
    brand_text_norm as brand_text,
    null as category_name
from notice_rows
union all
select
    source_id,
    sampled_name_key as name_key,
    sampled_name_norm as name,
    sampled_address_norm as address,
    sampled_address_norm as place_text,
    null as brand_text,
    null as category_name
from notice_rows
union all
select
    source_id,
    party_name_key as name_key,
    party_name_norm as name,
    null as address,
    null as place_text,
    null as brand_text,
    null as category_name
from ({{ of_notices('party') }}) as parties
