{# What a region is called without its kind: 安徽, 合肥, 恩施, 枞阳. #}
{% macro region_short_name(name, level) -%}
    {%- set peoples = '(土家族|苗族|藏族|羌族|彝族|布依族|侗族|哈尼族|壮族|傣族|白族|景颇族|傈僳族|回族|蒙古族|蒙古|朝鲜族|哈萨克|柯尔克孜)+自治州$' -%}
    case {{ level }}
        when '省级' then regexp_replace({{ name }}, '(省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)$', '')
        when '地级'
            then regexp_replace(regexp_replace({{ name }}, '{{ peoples }}', ''), '(市|地区|盟|自治州)$', '')
        else regexp_replace({{ name }}, '(市|县|区)$', '')
    end
{%- endmacro %}
