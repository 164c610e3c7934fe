-- Grain: one row per class of a mark in China, as its newest extract has it.
with newest as (
    {{ newest_of_key(
        ref('int_cnipa_classes'),
        key=['registration_no', 'nice_class'],
        newest_first=['known_date'],
        content=cnipa_content()
    ) }}
),

gone as (
    select
        newest.delivery_sha256,
        newest.record_no,
        min(registers.snapshot_date) as closed_date
    from newest
    inner join {{ ref('int_cnipa_whole_registers') }} as registers on newest.known_date < registers.snapshot_date
    where not {{ is_set_apart('registers.snapshot_date', 'newest.registration_no') }}
    group by newest.delivery_sha256, newest.record_no
)

select
    {{ surrogate_key(["'CN'", 'newest.registration_no']) }} as trademark_key,
    newest.*,
    gone.closed_date
from newest
left join gone on newest.delivery_sha256 = gone.delivery_sha256 and newest.record_no = gone.record_no
