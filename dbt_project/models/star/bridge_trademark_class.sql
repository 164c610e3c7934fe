-- Grain: one row per version of a mark and class as printed.
select
    parsed.trademark_key,
    -- Letters and 200 mean certification and collective marks, which have no Nice class; 0 means not classified yet.
    case when parsed.class_number between 1 and 45 then parsed.class_number else -1 end as nice_class_key,
    parsed.class_code,
    parsed.class_status_code,
    parsed.first_use_date,
    {{ version_columns('marks') }}
from (
    select
        *,
        case when regexp_matches(class_code, '^[0-9]{1,3}$') then cast(class_code as bigint) end as class_number
    from {{ ref('int_trademark_classes') }}
) as parsed
inner join {{ ref('dim_trademark') }} as marks on parsed.trademark_key = marks.trademark_key
