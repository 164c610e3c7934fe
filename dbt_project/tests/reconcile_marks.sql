-- Every number of an office's marks in the lake is one mark of the star, current once at most, and every mark of the
-- star has its number in the lake. An office that is not listed here has no number in the lake, so it fails.
{% set numbers = {
    'US': ('stg_uspto_trademark__case_file', 'serial_number'),
    'TW': ('stg_tipo_gazette__registration', 'application_number'),
    'EM': ('stg_euipo_trademark__mark', 'application_number'),
    'CN': ('stg_cnipa_trademark__registration_class', 'registration_no'),
} %}
with lake as (
    {% for office, place in numbers.items() %}
        select distinct
            '{{ office }}' as office_code,
            {{ place[1] }} as application_no
        from {{ ref(place[0]) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

star as (
    select
        office_code,
        application_no,
        count(*) filter (is_current) as n_current
    from {{ ref('dim_trademark') }}
    where trademark_key <> -1
    group by office_code, application_no
)

select
    coalesce(lake.office_code, star.office_code) as office_code,
    lake.application_no as lake_application_no,
    star.application_no as star_application_no,
    star.n_current
from lake
full outer join star on lake.office_code = star.office_code and lake.application_no = star.application_no
where lake.application_no is null or star.application_no is null or star.n_current > 1
