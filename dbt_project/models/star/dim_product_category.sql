-- Grain: one row per product category of a source, and the unknown category.
with categories as (
    select
        source_id,
        category_name_norm as category_name
    from {{ ref('int_inspection_samples') }}
    union
    select
        'rasff' as source_id,
        product_category as category_name
    from {{ ref('int_rasff_notifications') }}
    union
    select
        'fda_enforcement' as source_id,
        product_type as category_name
    from {{ ref('int_fda_recalls') }}
)

select
    {{ surrogate_key(['source_id', 'category_name']) }} as product_category_key,
    source_id,
    category_name,
    case when source_id not in ('rasff', 'fda_enforcement') then category_name end as name_zh,
    case when source_id in ('rasff', 'fda_enforcement') then category_name end as name_en
from categories
where category_name is not null
union all
select
    -1 as product_category_key,
    'unknown' as source_id,
    '未知' as category_name,
    '未知' as name_zh,
    'Unknown' as name_en
