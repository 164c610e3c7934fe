-- Grain: one row per name and registered enterprise that it may be, from linkage, with the decision on the pair.
with odds as (
    select
        *,
        least(probability, 1 - 1e-12) / (1 - least(probability, 1 - 1e-12)) as odds
    from {{ ref('int_enterprise_linkage') }}
),

-- A name is one of its candidates at most, so evidence for one counts against the others.
pairs as (
    select
        *,
        odds / (1 + sum(odds) over (partition by name_key)) as share,
        row_number() over (partition by name_key order by odds desc, uscc asc) as candidate_rank,
        -- A near name alone never decides: a name that differs in one character is usually another firm.
        place_level > 1 or brands_level > 0 as has_other_evidence
    from odds
)

select
    pairs.name_key,
    pairs.uscc,
    pairs.share as probability,
    pairs.candidate_rank,
    case
        when pairs.candidate_rank = 1 and pairs.has_other_evidence and pairs.share >= link.least_probability then 'link'
        else 'review'
    end as decision,
    case
        when not pairs.has_other_evidence then 'name_only'
        when pairs.share >= link.least_probability then null
        when pairs.probability >= link.least_probability then 'several_candidates'
        else 'weak_evidence'
    end as reason,
    concat_ws(
        ', ',
        case pairs.core_level when 1 then 'same core' else 'core differs in one character' end,
        case pairs.form_level when 1 then 'same legal form' else 'other legal form' end,
        case pairs.place_level
            when 5 then 'same street and number'
            when 4 then 'same city in name and address'
            when 3 then 'same city, other street'
            when 2 then 'same city of address'
            when 1 then 'same city in name'
            when 0 then 'other place'
        end,
        case pairs.brands_level when 1 then 'same brand' when 0 then 'other brand' end,
        case pairs.trade_level when 1 then 'same trade' when 0 then 'other trade' end
    ) as evidence
from pairs
cross join {{ ref('linkage_thresholds') }} as link
inner join {{ ref('linkage_thresholds') }} as review on review.decision = 'review'
where link.decision = 'link' and pairs.share >= review.least_probability
