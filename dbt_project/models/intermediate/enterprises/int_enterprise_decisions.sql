-- Grain: one row per line of enterprise_overrides.csv or enterprise_aliases.csv: a decision about a name or a code.
select
    'enterprise_overrides' as file,
    line_no,
    decision,
    subject_uscc,
    subject_name,
    subject_name_key,
    object_uscc,
    object_name,
    object_name_key,
    'enterprise_overrides.csv:' || cast(line_no as varchar) || ' ' || reason || ' (' || author || ')' as evidence
from {{ source('lake', 'enterprise_overrides') }}
union all
select
    'enterprise_aliases' as file,
    line_no,
    'alias' as decision,
    null as subject_uscc,
    alias_name as subject_name,
    alias_name_key as subject_name_key,
    uscc as object_uscc,
    name as object_name,
    name_key as object_name_key,
    'enterprise_aliases.csv:' || cast(line_no as varchar) || ' ' || kind || ', ' || source_document as evidence
from {{ source('lake', 'enterprise_aliases') }}
