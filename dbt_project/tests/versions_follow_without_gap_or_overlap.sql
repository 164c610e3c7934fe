-- On any day from its first to its last, a mark or enterprise has one version, and its newest version has its own key.
{% set dimensions = {'dim_trademark': 'trademark_key', 'dim_enterprise': 'enterprise_key'} %}
{% for dimension, key in dimensions.items() %}
    select
        '{{ dimension }}' as dimension,
        durable_{{ key }} as durable_key,
        valid_from
    from (
        select
            {{ key }},
            durable_{{ key }},
            is_current,
            valid_from,
            valid_to,
            lead(valid_from) over (partition by durable_{{ key }} order by valid_from, version_no) as next_from
        from {{ ref(dimension) }}
    ) as versions
    where
        valid_from >= valid_to
        or valid_to <> coalesce(next_from, valid_to)
        or (next_from is null) <> ({{ key }} = durable_{{ key }})
        or (is_current and next_from is not null)
    {% if not loop.last %}union all{% endif %}
{% endfor %}
