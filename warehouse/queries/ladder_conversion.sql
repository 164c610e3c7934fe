-- How many of those that reached a rung went on to the next? 到达某一级后有多少继续晋级？
select distinct
    ladder,
    rung,
    rung_scheme_id,
    n_reached,
    n_risen,
    round(risen_share, 3) as risen_share,
    is_small_cell
from marts.brand_ladder
order by ladder, rung, rung_scheme_id
