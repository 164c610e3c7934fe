{# The reason for a target's status in marts.target_progress, in both languages, from its reason code and status. #}
{% macro target_reason(reason_code, status, elapsed_share, data_date) -%}
    case {{ reason_code }}
        when 'qualitative' then '定性目标，无数值可比 | A qualitative target has no number to compare'
        when 'no_source' then '尚未收到所需来源的任何数据 | Nothing has been received from the source that it needs'
        when 'stale_source'
            then '来源已久未更新，最近数据为 ' || coalesce(cast({{ data_date }} as varchar), '?')
                || ' | The source is stale: its newest data are of ' || coalesce(cast({{ data_date }} as varchar), '?')
        when 'no_decision'
            then '尚未收到该地区相关称号的认定决定 | No decision on these recognitions has been received for the region'
        when 'no_samples'
            then '近十二个月没有含合格样品的抽检公布 | No sampling notice with passing samples in the last twelve months'
        when 'no_register' then '尚未收到该商标局的注册簿 | No register of that trademark office has been received'
        when 'not_reported'
            then '依上报统计，规划期内尚无上报 | Rests on reported statistics, and none was reported for the plan''s term'
        else case {{ status }}
            when 'met' then '已达到目标值 | The target value is reached'
            when 'missed' then '期限已过而未达到目标值 | The due date has passed without reaching the target value'
            when 'on_track'
                then case
                    when {{ elapsed_share }} is null then '未达目标值，按趋势可如期达到 | Not reached yet; its trend leads there by the due date'
                    else '未达目标值，但不落后于均匀进度 | Not reached yet, not behind an even pace'
                end
            else case
                when {{ elapsed_share }} is null
                    then '未达目标值，按趋势不能或无法判断能否如期达到 | Not reached yet; its trend does not lead there, or is not known'
                else '未达目标值，且落后于均匀进度 | Not reached yet, and behind an even pace'
            end
        end
    end
{%- endmacro %}
