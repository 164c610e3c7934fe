{# Table macros of the release: what the warehouse knew about day d at moment t. #}

{# The version of day d among those received by moment t: the latest that began by day d; without one, the first
   version, which then applied from `begun` on. A state that was believed at moment t, and has been replaced since by
   another record of the same business date, takes the place of that record. A key whose newest version has left its
   register counts as listed until a delivery received by moment t stated that it had left.

   `table` is a table of star, `replaced` its counterpart in audit, `key` the name of the key of a version. #}
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
            {{ versions_and_replaced(table, replaced, 'cast(d as date)', 'cast(t as timestamp)') | indent(12) }}
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
        -- A later state that was believed at moment t, but had ended by day d, ended the versions before it too.
        and (
            cast(d as date) < known.valid_to
            or not {{ is_ended_by_belief('known', replaced, key, 'cast(d as date)', 'cast(t as timestamp)') | indent(12) }}
        )
{%- endmacro %}

{# Versions of a table of star, and the replaced states of audit that were still believed at a moment beyond a day. #}
{% macro versions_and_replaced(table, replaced, day, moment) -%}
    select
        *,
        false as is_replaced
    from star.{{ table }}
    union all by name
    select
        *,
        true as is_replaced
    from audit.{{ replaced }}
    where recorded_to > {{ moment }} and valid_to > {{ day }}
{%- endmacro %}

{# Whether a state that was believed at a moment, and has been replaced since, began no earlier than the version and
   ended by a day. #}
{% macro is_ended_by_belief(version, replaced, key, day, moment) -%}
    exists (
        select 1
        from audit.{{ replaced }} as ended
        where
            {{ version }}.durable_{{ key }} = ended.durable_{{ key }}
            and {{ version }}.valid_from <= ended.valid_from
            and ended.valid_to <= {{ day }}
            and ended.recorded_from <= {{ moment }}
            and ended.recorded_to > {{ moment }}
    )
{%- endmacro %}

{% macro trademark_known_at() -%}
    create or replace macro star.trademark_known_at(d, t) as table
    select
        marks.* replace (marks.durable_trademark_key as trademark_key, {{ status_group_on_day('marks', 'cast(d as date)') }} as status_group),
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
    '时刻 t（UTC）数据仓库所知的某日 d 的商标和企业版本的键 | Keys of the versions of marks and enterprises on day d, as the warehouse knew them at moment t (UTC)'
{%- endmacro %}
