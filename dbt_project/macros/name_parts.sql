{# The words of a name as `pipelines.text.name_keys` writes them: upper case, no spaces, punctuation or symbols, legal
   forms unified, a leading province without its word. `name` is already normalised (NFKC, simplified). #}
{% macro name_key(name) -%}
    nullif(
        regexp_replace(
            replace(
                replace(
                    replace(
                        regexp_replace(upper({{ name }}), '[\s\p{P}\p{S}]+', '', 'g'), '股份有限责任公司', '股份有限公司'
                    ),
                    '有限责任公司', '有限公司'
                ),
                '股份公司', '股份有限公司'
            ),
            '^(?:(北京|天津|上海|重庆)市'
            || '|(河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾)省'
            || '|(内蒙古|西藏)自治区|(广西)壮族自治区|(宁夏)回族自治区|(新疆)维吾尔自治区)',
            '\1\2\3\4\5\6'
        ),
        ''
    )
{%- endmacro %}

{# An address without what is often left out: spaces, punctuation, province and city before the district, and what
   follows the house number. #}
{% macro street(address) -%}
    nullif(regexp_extract(
        regexp_replace(
            regexp_replace({{ address }}, '[\s\p{P}\p{S}]+', '', 'g'),
            '^(?:中国)?(?:[^区县市路街道]{2,7}?(?:省|自治区))?(?:[^区县省路街道]{2,7}?[市州盟])?', ''
        ),
        '^(.*?[0-9]+号?)', 1
    ), '')
{%- endmacro %}

{# The first four digits of a region's code, its city; the first two of a municipality; null for a province, whose name
   says nothing about the city. #}
{% macro city_digits(region_code) -%}
    case
        when left({{ region_code }}, 2) in ('11', '12', '31', '50') then left({{ region_code }}, 2)
        when {{ region_code }} not like '__0000' then left({{ region_code }}, 4)
    end
{%- endmacro %}
