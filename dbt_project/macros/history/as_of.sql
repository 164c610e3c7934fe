{# Table macros of the release: the state on day d. Each is created as soon as the tables that it reads are built. They
   name tables by schema alone, because a release's file has another name than its candidate. #}

{# A mark's status group on a day, from the version of that day and the dates in it. #}
{% macro status_group_on_day(marks, day) -%}
    case
        when {{ marks }}.status_since is null or {{ day }} >= {{ marks }}.status_since then {{ marks }}.status_group
        when {{ day }} >= {{ marks }}.registration_date then 'live'
        else 'pending'
    end
{%- endmacro %}

{% macro trademark_as_of() -%}
    create or replace macro star.trademark_as_of(d) as table
    select
        marks.* replace (marks.durable_trademark_key as trademark_key, {{ status_group_on_day('marks', 'cast(d as date)') }} as status_group),
        marks.trademark_key as version_key
    from star.dim_trademark as marks
    where marks.is_listed and cast(d as date) >= marks.valid_from and cast(d as date) < marks.valid_to;
    comment on macro table star.trademark_as_of is
    '某日的商标，每件一行：当日的版本，status_group 为当日状态；trademark_key 为商标本身的键，可与事实直接连接 | Marks on day d, one row each: the version of that day with the status group of that day; trademark_key is the mark''s own key, on which facts can be joined'
{%- endmacro %}

{% macro enterprise_as_of() -%}
    create or replace macro star.enterprise_as_of(d) as table
    select
        firms.* replace (firms.durable_enterprise_key as enterprise_key),
        firms.enterprise_key as version_key
    from star.dim_enterprise as firms
    where firms.is_listed and cast(d as date) >= firms.valid_from and cast(d as date) < firms.valid_to;
    comment on macro table star.enterprise_as_of is
    '某日的企业，每家一行：当日的版本；enterprise_key 为企业本身的键，可与事实直接连接 | Enterprises on day d, one row each: the version of that day; enterprise_key is the enterprise''s own key, on which facts can be joined'
{%- endmacro %}

{% macro recognition_as_of() -%}
    create or replace macro star.recognition_as_of(d) as table
    select
        recognitions.recognition_key,
        recognitions.scheme_key,
        recognitions.enterprise_key,
        recognitions.recipient_name,
        recognitions.object_name,
        recognitions.edition,
        recognitions.level,
        recognitions.granted_date,
        states.expires_date,
        states.state,
        recognitions.region_key,
        states.since_text as state_since_text,
        states.recognition_event_key
    from star.fct_recognition_state as states
    inner join star.fct_recognition as recognitions on states.recognition_key = recognitions.recognition_key
    where cast(d as date) >= states.valid_from and cast(d as date) < states.valid_to;
    comment on macro table star.recognition_as_of is
    '某日的认定，每项一行：当日的状态 | Recognitions on day d, one row each, with the state of that day'
{%- endmacro %}
