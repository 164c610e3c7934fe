-- Grain: one row per recognition that is not of another country, with its scheme, holder and region.
-- A register of another country also lists names of that country; these are left out.
select
    recognitions.*,
    schemes.scheme_id,
    schemes.ladder,
    schemes.rung,
    recognitions.state in ('held', 'conditional') as is_held,
    recognitions.is_granted or recognitions.state in ('held', 'conditional') as is_ever_held,
    -- A firm is the same recipient under each of its names.
    case recognitions.enterprise_key
        when -1 then 'N' || recognitions.recipient_name else 'E' || cast(recognitions.enterprise_key as varchar)
    end as recipient_identity,
    coalesce({{ bare_text('recognitions.object_name') }}, '') as object_text,
    -- The region that the decision names, else where the firm was on the day of the grant.
    coalesce(
        nullif(recognitions.region_key, -1), nullif(at_grant.region_key, -1), nullif(today.region_key, -1), -1
    ) as place_key,
    coalesce(industries.today_industry_key, -1) as industry_key,
    -- A list of exporters is received in the form of a recognition, but is not one.
    not {{ is_exporter_list('recognitions.scheme_key') }} as is_honour
from {{ ref('fct_recognition') }} as recognitions
inner join {{ ref('dim_recognition_scheme') }} as schemes on recognitions.scheme_key = schemes.scheme_key
left join {{ ref('dim_enterprise') }} as at_grant
    on
        recognitions.enterprise_key = at_grant.durable_enterprise_key
        and recognitions.granted_date >= at_grant.valid_from
        and recognitions.granted_date < at_grant.valid_to
-- The key of the firm itself is that of its newest version, even if it left the register.
left join {{ ref('dim_enterprise') }} as today on recognitions.enterprise_key = today.enterprise_key
left join {{ ref('dim_industry') }} as industries on today.industry_key = industries.industry_key
where coalesce(recognitions.origin_country, 'CN') = 'CN'
