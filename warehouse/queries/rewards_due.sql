-- Which rewards are due, and which level of government pays them? 哪些奖励应兑现，由哪级财政支付？
select
    payer_level,
    scheme_id,
    count(*) as n_recipients,
    sum(owed_cny) as owed_cny
from marts.reward_entitlement
where state = 'due'
group by payer_level, scheme_id
order by owed_cny desc, scheme_id asc
