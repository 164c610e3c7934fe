-- Every decision of the lake is an event of the star: as many of each wording as the delivery with the most has.
{% set wording = [
    'scheme_name_norm', 'edition', 'event_name_norm', 'level_name', 'decided_date_text', 'recipient_name_as_printed',
    'recipient_name_key', 'recipient_kind', 'object_name_norm', 'uscc', 'region_name_norm', 'document_no'
] | join(', ') %}
with deliveries as (
    select
        {{ wording }},
        delivery_sha256,
        count(*) as n_decisions
    from {{ ref('stg_recognition_list__decision') }}
    group by {{ wording }}, delivery_sha256
),

wordings as (
    select max(n_decisions) as n_decisions
    from deliveries
    group by {{ wording }}
),

totals as (
    select
        (select coalesce(sum(n_decisions), 0) from wordings) as n_lake,
        (
            select count(*)
            from {{ ref('fct_recognition_event') }}
            where source_id = 'recognition_list'
        ) as n_star
)

select * from totals
where n_lake <> n_star
