-- How many enterprises have each quality-credit grade, based on how many samples? 各质量信用等级有多少企业，依据多少样品？
select
    grade,
    count(*) as n_enterprises,
    sum(n_samples) as n_samples,
    sum(n_fail) as n_fail,
    round(avg(score), 1) as mean_score
from marts.quality_credit
group by grade
order by grade
