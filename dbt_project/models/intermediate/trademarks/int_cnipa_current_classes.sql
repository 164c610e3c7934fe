-- Grain: one row per class of a mark in China: its row in the newest extract that has it.
with newest as (
    {{ newest_of_key(
        ref('int_cnipa_classes'),
        key=['registration_no', 'nice_class'],
        newest_first=['known_date'],
        content=cnipa_content()
    ) }}
),

closed as (
    select
        newest.delivery_sha256,
        newest.record_no,
        min(registers.snapshot_date) as closed_date
    from newest
    inner join {{ ref('int_cnipa_complete_registers') }} as registers on newest.known_date < registers.snapshot_date
    where not {{ is_quarantined('registers.snapshot_date', 'newest.registration_no') }}
    group by newest.delivery_sha256, newest.record_no
)

select
    {{ surrogate_key(["'CN'", 'newest.registration_no']) }} as trademark_key,
    newest.*,
    closed.closed_date
from newest
left join closed on newest.delivery_sha256 = closed.delivery_sha256 and newest.record_no = closed.record_no
