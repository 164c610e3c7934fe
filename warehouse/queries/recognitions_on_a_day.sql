-- On 1 January 2023, how many recognitions of each scheme were held? 2023年1月1日各类称号持有多少项？
select
    s.name_zh as scheme_name,
    count(*) as n_held
from star.fct_recognition_state as f
inner join star.fct_recognition as r on f.recognition_key = r.recognition_key
inner join star.dim_recognition_scheme as s on r.scheme_key = s.scheme_key
where
    f.state in ('held', 'conditional')
    and cast('2023-01-01' as date) >= f.valid_from
    and cast('2023-01-01' as date) < f.valid_to
group by s.name_zh
order by n_held desc, scheme_name asc
