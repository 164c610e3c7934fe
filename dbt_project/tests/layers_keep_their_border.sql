-- Marts read only the star (dim_, fct_, bridge_), and every model's first line says its grain; each row returned is a breach.
{{ config(meta={"reads": "the project itself, through dbt's graph"}) }}
{% set breaches = [] %}
{% if graph is defined %}
    {% for node in graph.nodes.values() if node.resource_type == 'model' and node.package_name == project_name %}
        {% if not node.raw_code.startswith(('-- Grain: one row per ', '# Grain: one row per ')) %}
            {% do breaches.append([node.name, 'does not open with its grain']) %}
        {% endif %}
        {% if node.fqn[1] == 'marts' %}
            {% for parent in node.depends_on.nodes %}
                {% set name = parent.split('.')[-1] %}
                {% if not (name.startswith('dim_') or name.startswith('fct_') or name.startswith('bridge_')) %}
                    {% do breaches.append([node.name, 'reads ' ~ name]) %}
                {% endif %}
            {% endfor %}
        {% endif %}
    {% endfor %}
{% endif %}
{% for model, fault in breaches %}
select '{{ model }}' as model, '{{ fault }}' as fault
union all
{% endfor %}
select model, fault
from (select '' as model, '' as fault) as nothing
where model <> ''
