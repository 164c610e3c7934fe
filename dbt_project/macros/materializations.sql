{# Models and seeds are built in files that are new in each run and that nobody reads until they are complete. dbt's own
   materializations build each under another name and swap it in, six more statements per model, and read seeds in
   Python, cell by cell, to guess types that are declared here. Grants, indexes and keeping the earlier table are not
   needed here and left out. #}

{% macro drop_earlier() %}
    {# Needed only where a person runs dbt by hand on files that exist already. #}
    {%- set earlier = load_cached_relation(this) -%}
    {%- if earlier is not none %}{% do adapter.drop_relation(earlier) %}{% endif -%}
{% endmacro %}

{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set target = this.incorporate(type='table') -%}
    {%- do drop_earlier() -%}
    {% call statement('main', language=model['language']) -%}
        {{ create_table_as(False, target, compiled_code, model['language']) }}
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# A Python model returns a relation of DuckDB. dbt's own macro accepts other types too, and for these imports Arrow's
   datasets and with them pandas, which takes a second of each build. #}
{% macro py_write_table(temporary, relation, compiled_code, partitioned_by=none, sorted_by=none) -%}
{{ compiled_code }}

def materialize(rows, connection):
    connection.register('{{ relation.identifier }}__rows', rows)
    connection.execute('create table {{ relation }} as select * from {{ relation.identifier }}__rows')
    connection.unregister('{{ relation.identifier }}__rows')
{% endmacro %}

{% materialization view, adapter='duckdb' %}
    {%- set target = this.incorporate(type='view') -%}
    {%- do drop_earlier() -%}
    {% call statement('main') -%}
        {{ create_view_as(target, compiled_code) }}
    {%- endcall %}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# A column has the type stated in its seed's `column_types`, else text; an empty cell is null. #}
{% materialization seed, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {%- do drop_earlier() -%}
    {%- set typed = [] -%}
    {%- for column, type in config.get('column_types', {}).items() -%}
        {%- do typed.append('cast(' ~ column ~ ' as ' ~ type ~ ') as ' ~ column) -%}
    {%- endfor -%}
    {% call statement('main') -%}
        create table {{ target }} as
        select *{% if typed %} replace ({{ typed | join(', ') }}){% endif %}
        from read_csv(
            '{{ adapter.get_seed_file_path(model) | replace("'", "''") }}',
            header = true, delim = ',', quote = '"', escape = '"', all_varchar = true
        )
    {%- endcall %}
    {#- dbt requires this result of a seed. -#}
    {%- do store_result('agate_table', response='OK') -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
