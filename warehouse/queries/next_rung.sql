-- Who is one rung below a national brand, and for how long? 谁离国家级品牌只差一级，已停留多久？
select
    l.ladder,
    l.recipient_name,
    s.name_zh as present_rung,
    n.name_zh as next_rung,
    l.rung_since,
    l.days_on_rung
from marts.brand_ladder as l
inner join star.dim_recognition_scheme as s on l.rung_scheme_id = s.scheme_id
inner join star.dim_recognition_scheme as n on l.next_scheme_id = n.scheme_id
where n.level = '国家'
order by l.days_on_rung desc nulls last, l.recipient_name asc, l.ladder asc
