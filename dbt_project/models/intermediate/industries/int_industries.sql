-- Grain: one row per industry code and period in which its name and its parent code stayed the same.
with lists as (
    select
        listed.delivery_sha256,
        coalesce(
            max(editions.in_force_date), max(deliveries.snapshot_date), cast('1900-01-01' as date)
        ) as edition_date
    from {{ ref('stg_industry_codes__industry') }} as listed
    left join {{ ref('int_deliveries') }} as deliveries
        on deliveries.source_id = 'industry_codes' and listed.delivery_sha256 = deliveries.sha256
    left join {{ ref('industry_editions') }} as editions
        on extract(year from deliveries.snapshot_date) = editions.edition_year
    group by listed.delivery_sha256
),

editions as (
    select
        edition_date,
        row_number() over (order by edition_date) as edition_no,
        coalesce(lead(edition_date) over (order by edition_date), {{ open_end() }}) as next_date
    from (select distinct edition_date from lists) as dates
),

-- Several files of one edition are one list, whatever their order of arrival.
listed as (
    select
        industries.industry_code,
        industries.name_zh,
        industries.parent_code,
        editions.edition_no,
        editions.edition_date,
        editions.next_date,
        row_number() over (
            partition by industries.industry_code, editions.edition_no
            order by industries.name_zh, industries.parent_code, industries.delivery_sha256, industries.record_no
        ) as preference
    from {{ ref('stg_industry_codes__industry') }} as industries
    inner join lists on industries.delivery_sha256 = lists.delivery_sha256
    inner join editions on lists.edition_date = editions.edition_date
),

compared as (
    select
        *,
        coalesce(
            lag(edition_no) over of_code = edition_no - 1
            and lag(name_zh) over of_code = name_zh
            and lag(coalesce(parent_code, '')) over of_code = coalesce(parent_code, ''),
            false
        ) as continues
    from listed
    where preference = 1
    window of_code as (partition by industry_code order by edition_no)
),

numbered as (
    select
        *,
        sum(case when continues then 0 else 1 end) over (
            partition by industry_code order by edition_no rows between unbounded preceding and current row
        ) as period_no
    from compared
),

packaged as (
    select
        section_code as industry_code,
        name_zh,
        null as parent_code
    from {{ ref('industry_sections') }}
    union all
    select
        divisions.division_code as industry_code,
        divisions.name_zh,
        sections.section_code as parent_code
    from {{ ref('industry_divisions') }} as divisions
    inner join {{ ref('industry_sections') }} as sections
        on divisions.division_code between sections.first_division and sections.last_division
)

select
    industry_code,
    min(name_zh) as name_zh,
    min(parent_code) as parent_code,
    min(edition_date) as valid_from,
    max(next_date) as valid_to
from numbered
group by industry_code, period_no
union all
select
    packaged.industry_code,
    packaged.name_zh,
    packaged.parent_code,
    cast('1900-01-01' as date) as valid_from,
    {{ open_end() }} as valid_to
from packaged
where packaged.industry_code not in (select listed.industry_code from listed)
