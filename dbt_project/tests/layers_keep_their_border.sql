-- Each layer reads only earlier layers, and the first line of a model states its grain; each row returned is a breach.
{{ config(meta={"reads": "the project itself, through dbt's graph"}) }}
-- `records` are the tables with the content of deliveries; `ledgers` are the lake's own tables about deliveries and
-- lists, which have no staging model because no source defines them. `models/measures/intermediate` is in `measures`.
{% set may_read = {
    'staging': ['records'],
    'intermediate': ['staging', 'intermediate', 'seeds', 'ledgers'],
    'star': ['intermediate', 'star', 'seeds'],
    'measures': ['star', 'measures', 'seeds'],
    'marts': ['star', 'measures'],
    'audit': ['records', 'ledgers', 'staging', 'intermediate', 'star', 'measures', 'audit', 'seeds'],
} %}
{% set breaches = [] %}
{% if graph is defined %}
    {% for node in graph.nodes.values() if node.resource_type == 'model' and node.package_name == project_name %}
        {% if not node.raw_code.startswith(('-- Grain: one row per ', '# Grain: one row per ')) %}
            {% do breaches.append([node.name, 'does not open with its grain']) %}
        {% endif %}
        {% set layer = node.fqn[1] %}
        {% if layer not in may_read %}
            {% do breaches.append([node.name, 'is in no layer']) %}
        {% endif %}
        {% for unique_id in node.depends_on.nodes %}
            {% set parent = graph.nodes.get(unique_id) or graph.sources[unique_id] %}
            {% if parent.resource_type == 'source' %}
                {% set parent_layer = 'records' if '__' in parent.name else 'ledgers' %}
            {% else %}
                {% set parent_layer = 'seeds' if parent.resource_type == 'seed' else parent.fqn[1] %}
            {% endif %}
            {% if parent_layer not in may_read.get(layer, []) %}
                {% do breaches.append([node.name, 'reads ' ~ parent.name ~ ' of ' ~ parent_layer]) %}
            {% elif layer == 'marts' and parent_layer == 'star' and not parent.name.startswith(('dim_', 'fct_', 'bridge_')) %}
                {% do breaches.append([node.name, 'reads ' ~ parent.name ~ ', which no reader is given']) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
{% endif %}
{% for model, breach in breaches %}
select '{{ model }}' as model, '{{ breach }}' as breach
union all
{% endfor %}
select model, breach
from (select '' as model, '' as breach) as nothing
where model <> ''
