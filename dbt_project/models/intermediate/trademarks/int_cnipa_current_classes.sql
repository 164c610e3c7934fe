-- Grain: one row per class of a mark in China, as its newest extract has it.
with extracts as (
    {{ cnipa_extracts() }}
),

dated as (
    select
        classes.*,
        coalesce(extracts.snapshot_date, classes.extract_date, cast('1900-01-01' as date)) as known_date
    from {{ ref('stg_cnipa_trademark__registration_class') }} as classes
    inner join extracts on classes.delivery_sha256 = extracts.sha256
),

whole as (
    select distinct snapshot_date as whole_date from extracts
    where is_whole
),

-- A row that the whole register holds but whose contract it broke has not left the register.
set_apart as (
    select
        extracts.snapshot_date as whole_date,
        quarantined.raw
    from {{ source('lake', 'quarantine') }} as quarantined
    inner join extracts on quarantined.delivery_sha256 = extracts.sha256
    where quarantined.source_id = 'cnipa_trademark' and extracts.is_whole
),

newest as (
    {{ newest_of_key(
        'dated',
        key=['registration_no', 'nice_class'],
        newest_first=['known_date'],
        content=cnipa_content()
    ) }}
),

gone as (
    select
        newest.delivery_sha256,
        newest.record_no,
        min(whole.whole_date) as closed_date
    from newest
    inner join whole on newest.known_date < whole.whole_date
    where
        not exists (
            select 1 from set_apart
            where
                whole.whole_date = set_apart.whole_date
                and contains(set_apart.raw, concat('"', newest.registration_no, '"'))
        )
    group by newest.delivery_sha256, newest.record_no
)

select
    {{ surrogate_key(["'CN'", 'newest.registration_no']) }} as trademark_key,
    newest.*,
    gone.closed_date
from newest
left join gone on newest.delivery_sha256 = gone.delivery_sha256 and newest.record_no = gone.record_no
