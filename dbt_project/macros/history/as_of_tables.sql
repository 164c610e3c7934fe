{# Table macros of the release, made as soon as the tables that they read are built. They name tables by schema alone,
   because a release's file has another name than its candidate. #}

{# What a mark's status group was on day d, from the version of that day and the dates in it. #}
{% macro status_group_on_day() -%}
    case
        when marks.status_since is null or cast(d as date) >= marks.status_since then marks.status_group
        when cast(d as date) >= marks.registration_date then 'live'
        else 'pending'
    end
{%- endmacro %}

{% macro trademark_as_of() -%}
    create or replace macro star.trademark_as_of(d) as table
    select
        marks.* replace (marks.durable_trademark_key as trademark_key, {{ status_group_on_day() }} as status_group),
        marks.trademark_key as version_key
    from star.dim_trademark as marks
    where marks.is_listed and cast(d as date) >= marks.valid_from and cast(d as date) < marks.valid_to;
    comment on macro table star.trademark_as_of is
    '某日的商标，每件一行：当日的版本，status_group 为当日状态；trademark_key 为商标本身的键，可与事实直接连接 | Marks on day d, one row each: the version of that day with the status group of that day; trademark_key is the mark''s own key, which facts hold'
{%- endmacro %}

{% macro enterprise_as_of() -%}
    create or replace macro star.enterprise_as_of(d) as table
    select
        firms.* replace (firms.durable_enterprise_key as enterprise_key),
        firms.enterprise_key as version_key
    from star.dim_enterprise as firms
    where firms.is_listed and cast(d as date) >= firms.valid_from and cast(d as date) < firms.valid_to;
    comment on macro table star.enterprise_as_of is
    '某日的企业，每家一行：当日的版本；enterprise_key 为企业本身的键，可与事实直接连接 | Enterprises on day d, one row each: the version of that day; enterprise_key is the enterprise''s own key, which facts hold'
{%- endmacro %}

{# The version of day d among those that had come by moment t: the latest that had begun, else the first there was,
   which then told of the time since `begun`. What another record of the same business date replaced since was believed
   in its place. The newest may have left its register; until that had been told, it was there. #}
{% macro version_known_at(table, replaced, key, begun) -%}
    select known.* exclude (choice, is_replaced)
    from (
        select
            versions.*,
            row_number() over (
                partition by versions.durable_{{ key }}
                order by
                    case when versions.valid_from <= cast(d as date) then versions.valid_from end desc nulls last,
                    versions.valid_from,
                    versions.is_replaced desc
            ) as choice
        from (
            select
                *,
                false as is_replaced
            from star.{{ table }}
            union all by name
            select
                *,
                true as is_replaced
            from audit.{{ replaced }}
            where recorded_to > cast(t as timestamp) and valid_to > cast(d as date)
        ) as versions
        where
            versions.recorded_from <= cast(t as timestamp)
            and least(versions.valid_from, {{ begun }}) <= cast(d as date)
    ) as known
    where
        known.choice = 1
        and known.is_listed
        and (
            known.is_replaced
            or known.{{ key }} <> known.durable_{{ key }}
            or cast(d as date) < known.valid_to
            or known.recorded_to > cast(t as timestamp)
        )
        -- What was believed of a later day, and until when, had ended what was known of the days before.
        and (
            cast(d as date) < known.valid_to
            or not exists (
                select 1
                from audit.{{ replaced }} as ended
                where
                    known.durable_{{ key }} = ended.durable_{{ key }}
                    and known.valid_from <= ended.valid_from
                    and ended.valid_to <= cast(d as date)
                    and ended.recorded_from <= cast(t as timestamp)
                    and ended.recorded_to > cast(t as timestamp)
            )
        )
{%- endmacro %}

{% macro trademark_known_at() -%}
    create or replace macro star.trademark_known_at(d, t) as table
    select
        marks.* replace (marks.durable_trademark_key as trademark_key, {{ status_group_on_day() }} as status_group),
        marks.trademark_key as version_key
    from (
        {{ version_known_at(
            'dim_trademark',
            'trademark_replaced',
            'trademark_key',
            "coalesce(versions.filing_date, versions.registration_date, date '1900-01-01')"
        ) }}
    ) as marks;
    comment on macro table star.trademark_known_at is
    '时刻 t（UTC）数据仓库所知的某日 d 的商标，每件一行 | Marks on day d as the warehouse knew them at moment t (UTC), one row each'
{%- endmacro %}

{% macro enterprise_known_at() -%}
    create or replace macro star.enterprise_known_at(d, t) as table
    select
        firms.* replace (firms.durable_enterprise_key as enterprise_key),
        firms.enterprise_key as version_key
    from (
        {{ version_known_at(
            'dim_enterprise',
            'enterprise_replaced',
            'enterprise_key',
            "coalesce(versions.registered_date, date '1900-01-01')"
        ) }}
    ) as firms;
    comment on macro table star.enterprise_known_at is
    '时刻 t（UTC）数据仓库所知的某日 d 的企业，每家一行 | Enterprises on day d as the warehouse knew them at moment t (UTC), one row each'
{%- endmacro %}

{% macro known_at() -%}
    create or replace macro star.known_at(d, t) as table
    select
        'trademark' as entity,
        trademark_key as entity_key,
        version_key,
        valid_from,
        valid_to,
        recorded_from
    from star.trademark_known_at(d, t)
    union all
    select
        'enterprise' as entity,
        enterprise_key as entity_key,
        version_key,
        valid_from,
        valid_to,
        recorded_from
    from star.enterprise_known_at(d, t);
    comment on macro table star.known_at is
    '时刻 t（UTC）数据仓库所知的某日 d 的商标和企业版本的键 | Keys of the versions of marks and enterprises of day d as the warehouse knew them at moment t (UTC)'
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
