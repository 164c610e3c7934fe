-- Which producers failed most often, with which products? 哪些生产企业不合格批次最多，涉及什么产品？
select
    e.name_zh as producer,
    count(*) as n_fail,
    min(i.notice_date) as first_notice,
    max(i.notice_date) as last_notice,
    string_agg(distinct i.product_name, '；' order by i.product_name) as products
from star.fct_inspection as i
inner join star.dim_enterprise as e on i.producer_enterprise_key = e.enterprise_key
where i.result = 'fail' and i.producer_enterprise_key <> -1
group by e.enterprise_key, e.name_zh
order by n_fail desc, producer asc
limit 20
