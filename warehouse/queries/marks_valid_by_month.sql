-- How did the stock of valid marks grow in Wuhan, month by month? 武汉市有效商标存量逐月如何变化？
select
    stock.period,
    sum(stock.n_marks) as n_marks
from star.fct_trademark_stock as stock
inner join star.dim_region as r on stock.region_key = r.region_key
where r.city_code = '420100'
group by stock.period
order by stock.period desc
limit 12
