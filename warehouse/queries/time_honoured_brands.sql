-- Which time-honoured brands are held today, at which level, since when? 现有哪些老字号，何级，自何时起？
select
    recipient_name,
    object_name,
    scheme_id,
    level,
    state,
    since_text
from marts.heritage_directory
order by scheme_id, recipient_name, object_name
