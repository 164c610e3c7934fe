{# Models and seeds are made in files that are new in each run, and which nobody reads before they are done. dbt's own
   materializations make each under another name and swap it in, six statements more a model, and read seeds in Python,
   cell by cell, to guess types that are declared here. What these leave out is of no use here: grants, indexes, and
   the keeping of what was there before. #}

{% macro drop_earlier() %}
    {# Only where a person builds by hand into files that are there already. #}
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

{# What a Python model returns is a relation of DuckDB. dbt's own macro takes other things too, and for their sake imports
   Arrow's datasets and with them pandas, which takes a second of each build. #}
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

{# A column has the type that its seed's `column_types` state, and is text otherwise; an empty cell is null. #}
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
    {#- dbt shows the rows of a seed from this. -#}
    {%- do store_result('agate_table', response='OK') -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
