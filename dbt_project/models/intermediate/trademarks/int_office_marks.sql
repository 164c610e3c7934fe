-- Grain: one row per version of a mark at an office, and per replaced state of it; most marks have one row.
{{ config(materialized='view') }}
select * from {{ ref('int_uspto_marks') }}
union all
select * from {{ ref('int_tipo_marks') }}
union all
select * from {{ ref('int_euipo_marks') }}
union all
select * from {{ ref('int_cnipa_marks') }}
