{# A region's name without its kind and without its peoples: 安徽, 合肥, 恩施, 枞阳, 长阳, 浦东. #}
{% macro region_short_name(name, level) -%}
    {%- set peoples = '(土家族|仡佬族|布依族|哈尼族|景颇族|傈僳族|蒙古族|朝鲜族|拉祜族|纳西族|独龙族|普米族|布朗族|毛南族|仫佬族|保安族|东乡族|撒拉族|裕固族|满族|回族|苗族|侗族|瑶族|畲族|黎族|彝族|藏族|羌族|壮族|水族|傣族|佤族|怒族|白族|土族|各族|蒙古|哈萨克|柯尔克孜|塔吉克|锡伯|达斡尔)+' -%}
    case {{ level }}
        when '省级' then regexp_replace({{ name }}, '(省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)$', '')
        when '地级'
            then regexp_replace(regexp_replace({{ name }}, '{{ peoples }}自治州$', ''), '(市|地区|盟|自治州)$', '')
        else regexp_replace(regexp_replace({{ name }}, '{{ peoples }}自治县$', ''), '(新区|市|县|区)$', '')
    end
{%- endmacro %}
