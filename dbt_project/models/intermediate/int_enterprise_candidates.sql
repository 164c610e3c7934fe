-- Grain: one row per name and registered enterprise that it may be, from linkage, with what is to become of the pair.
with pairs as (
    select
        *,
        row_number() over (partition by name_key order by probability desc, uscc asc) as place,
        lead(probability) over (partition by name_key order by probability desc, uscc asc) as second_probability,
        -- What a name alone says never decides: one character apart is usually another firm.
        street_level > 0 or brands_level > 0 or place_city_level > 0 as has_other_evidence
    from {{ ref('int_enterprise_linkage') }}
)

select
    pairs.name_key,
    pairs.uscc,
    pairs.probability,
    pairs.place,
    case
        when pairs.place > 1 then 'review'
        when not pairs.has_other_evidence or pairs.probability < link.least_probability then 'review'
        when coalesce(pairs.second_probability, 0) >= link.most_of_second then 'review'
        else 'link'
    end as decision,
    case
        when not pairs.has_other_evidence then 'name_only'
        when coalesce(pairs.second_probability, 0) >= link.most_of_second and pairs.probability >= link.least_probability
            then 'several_candidates'
        when pairs.place > 1 then 'not_the_best'
        when pairs.probability < link.least_probability then 'weak_evidence'
    end as reason,
    concat_ws(
        ', ',
        case pairs.core_level when 1 then 'same core' else 'core differs in one character' end,
        case pairs.form_level when 1 then 'same legal form' when 0 then 'other legal form' end,
        case pairs.name_city_level when 1 then 'same city in name' when 0 then 'other city in name' end,
        case pairs.place_city_level when 1 then 'same city of address' when 0 then 'other city of address' end,
        case pairs.street_level when 1 then 'same street and number' when 0 then 'other street or number' end,
        case pairs.brands_level when 1 then 'same brand' when 0 then 'other brand' end,
        case pairs.trade_level when 1 then 'same trade' when 0 then 'other trade' end
    ) as evidence
from pairs
cross join {{ ref('linkage_thresholds') }} as link
inner join {{ ref('linkage_thresholds') }} as review on review.decision = 'review'
where link.decision = 'link' and pairs.probability >= review.least_probability
