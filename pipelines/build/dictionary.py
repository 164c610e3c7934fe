"""The last tables of a candidate: outcomes of the gates, earlier releases, and the dictionary of all it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from pipelines.build.dbt_project import DbtProject, DbtTable
from pipelines.build.own_tables import CHECKS, COLUMNS, LINEAGE, MACROS, OWN_TABLES, RELEASES, TABLES, OwnTable
from pipelines.contract.declarations import Source
from pipelines.errors import TouchstoneError
from pipelines.releases.release import current_release, list_releases, next_release_id, release_tables
from pipelines.state.database import insert_rows, open_database, quoted
from pipelines.state.home import Home
from pipelines.state.run_folder import CheckRecord, RunFolder

_OF_THE_BUILD = "touchstone"
# Tables of the star, their keys, and the columns in which a mart lists those that a row of it rests on.
_EVIDENCE = (
    ("star.fct_recognition", "recognition_key", "evidence_keys"),
    ("star.dim_trademark", "trademark_key", "trademark_evidence_keys"),
    ("star.fct_inspection", "inspection_key", "inspection_evidence_keys"),
    ("star.fct_recognition_event", "recognition_event_key", "payment_evidence_keys"),
)


@dataclass(frozen=True)
class _Meaning:
    zh: str | None
    en: str | None
    source: str | None

    @property
    def comment(self) -> str:
        return " | ".join(text for text in (self.zh, self.en) if text)


def complete(home: Home, folder: RunFolder, project: DbtProject, sources: Mapping[str, Source]) -> str:
    """Add the audit and meta tables and every comment to the run's candidate; returns the release id it will have.

    Raises TouchstoneError when this run built no candidate.
    """
    inputs = folder.inputs()
    if not folder.candidate.exists():
        raise TouchstoneError(
            f"{folder.candidate}: not built in this run; materialise all, or run `touchstone refresh`"
        )
    release_id = next_release_id(home, inputs.inputs_hash)
    with open_database(folder.candidate, folder.spill) as connection:
        connection.begin()
        for table in OWN_TABLES:
            connection.execute(f"create schema if not exists {quoted(table.schema)}")
            columns = ", ".join(f"{quoted(column.name)} {column.data_type}" for column in table.columns)
            connection.execute(f"create or replace table {table.identifier} ({columns})")
        add_checks(connection, folder.checks())
        insert_rows(connection, RELEASES.identifier, _releases(home, release_id, folder))
        _write_dictionary(connection, project, sources)
        insert_rows(connection, MACROS.identifier, _macros(connection))
        connection.commit()
        connection.execute("checkpoint")
    (folder.root / "release_id").write_text(release_id, encoding="ascii")
    return release_id


def planned_release_id(folder: RunFolder) -> str:
    """The id written into the candidate; raises TouchstoneError when this run completed none."""
    path = folder.root / "release_id"
    if not path.exists():
        raise TouchstoneError(
            f"{folder.candidate}: not completed in this run; materialise all, or run `touchstone refresh`"
        )
    return path.read_text(encoding="ascii")


def add_checks(connection: duckdb.DuckDBPyConnection, records: Iterable[CheckRecord]) -> None:
    """Add outcomes to audit.checks."""
    insert_rows(
        connection,
        CHECKS.identifier,
        [
            (r.gate, r.source_id, r.table, r.name, r.severity, r.passed, r.observed, r.expected, r.line, r.checked_at)
            for r in sorted(records, key=lambda r: (r.gate, r.table, r.name))
        ],
    )


def undocumented(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables (`schema.table`) and columns (`schema.table.column`) without a meaning in both languages."""
    rows = connection.execute(
        """
        select schema_name || '.' || table_name as place from meta.tables
        where meaning_zh is null or meaning_en is null
        union all
        select schema_name || '.' || table_name || '.' || column_name from meta.columns
        where meaning_zh is null or meaning_en is null
        union all
        select schema_name || '.' || macro_name from meta.macros
        where meaning_zh is null or meaning_en is null
        order by place
        """
    ).fetchall()
    return [str(place) for (place,) in rows]


def _releases(home: Home, release_id: str, folder: RunFolder) -> list[tuple[object, ...]]:
    """Every release known: those still kept, those that the current one remembers, and the one being made."""
    inputs = folder.inputs()
    rows: dict[str, tuple[object, ...]] = {}
    current = current_release(home)
    if current is not None:
        columns = ", ".join(quoted(column.name) for column in RELEASES.columns)
        with open_database(current.database.resolve(), folder.spill, read_only=True) as connection:
            for row in connection.execute(f"select {columns} from {RELEASES.identifier}").fetchall():
                rows[str(row[0])] = row
    for release in list_releases(home):
        built_at = release.built_at.astimezone(UTC).replace(tzinfo=None)
        rows[release.release_id] = (release.release_id, release.as_of, built_at, release.inputs_hash)
    built_at = datetime.strptime(release_id[:16], "%Y%m%dT%H%M%SZ")
    rows[release_id] = (release_id, inputs.as_of, built_at, inputs.inputs_hash)
    return [rows[key] for key in sorted(rows)]


def _write_dictionary(
    connection: duckdb.DuckDBPyConnection, project: DbtProject, sources: Mapping[str, Source]
) -> None:
    modelled = {(table.schema, table.name): table for table in project.tables.values()}
    own = {(table.schema, table.name): table for table in OWN_TABLES}
    tables: list[tuple[object, ...]] = []
    columns: list[tuple[object, ...]] = []
    lineage: list[tuple[object, ...]] = []
    for schema, name in release_tables(connection):
        meaning, of_columns = (
            _own_meanings(own[schema, name])
            if (schema, name) in own
            else _model_meanings(modelled.get((schema, name)), project, sources)
        )
        model = modelled.get((schema, name))
        key = own[schema, name].key if (schema, name) in own else model.key if model else ()
        tables.append((schema, name, meaning.zh, meaning.en, meaning.source, ", ".join(key) or None))
        kind, catalogue = _catalogue(connection, schema, name)
        if model is not None:
            steps = _steps(model, {column for column, _ in catalogue})
            lineage += [(schema, name, number, *step) for number, step in enumerate(steps, start=1)]
        place = f"{quoted(schema)}.{quoted(name)}"
        connection.execute(f"comment on {kind} {place} is {_literal(meaning.comment)}")
        for position, (column, data_type) in enumerate(catalogue, start=1):
            text = of_columns.get(column, _Meaning(None, None, meaning.source))
            columns.append((schema, name, column, position, data_type, text.zh, text.en, text.source))
            connection.execute(f"comment on column {place}.{quoted(column)} is {_literal(text.comment)}")
    insert_rows(connection, TABLES.identifier, tables)
    insert_rows(connection, COLUMNS.identifier, columns)
    insert_rows(connection, LINEAGE.identifier, lineage)


def _steps(table: DbtTable, columns: set[str]) -> list[tuple[str, str | None, str | None]]:
    """(kind, target, condition) of every step from a table's rows towards the records they come from.

    In addition to the table's declaration, columns show it: those that name a delivery, and those that list the keys
    of the rows of the star that a row rests on.
    """
    steps: list[tuple[str, str | None, str | None]] = []
    if "delivery_key" in columns or {"source_id", "delivery_sha256"} <= columns:
        steps.append(("record", None, None))
    for target, key, listed in _EVIDENCE:
        if listed in columns:
            steps.append(("rows", target, f"that.{key} in (select unnest(this.{listed}))"))
    if "evidence_table" in columns:
        keys = "(select unnest(this.evidence_keys))" if "evidence_keys" in columns else "(this.evidence_key)"
        steps = [step for step in steps if "this.evidence_keys" not in (step[2] or "")]
        steps += [
            ("rows", target, f"'star.' || this.evidence_table = '{target}' and that.{key} in {keys}")
            for target, key, _ in _EVIDENCE
        ]
    return steps + [("rows" if trace.condition else "packaged", trace.to, trace.condition) for trace in table.traces]


def _macros(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """Table macros of the candidate, from the comments with which they were made."""
    found = connection.execute(
        "select schema_name, function_name, array_to_string(parameters, ', '), comment from duckdb_functions()"
        " where database_name = current_database() and function_type = 'table_macro' and not internal order by all"
    ).fetchall()
    rows: list[tuple[object, ...]] = []
    for schema, name, parameters, comment in found:
        meaning = _meaning(comment or "", _OF_THE_BUILD)
        rows.append((schema, name, parameters, meaning.zh, meaning.en))
    return rows


def _catalogue(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> tuple[str, list[tuple[str, str]]]:
    """Whether it is a table or a view, and (column, type) in order."""
    views = connection.execute(
        "select count(*) from duckdb_views() where database_name = current_database()"
        " and schema_name = ? and view_name = ?",
        [schema, name],
    ).fetchall()
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns() where database_name = current_database()"
        " and schema_name = ? and table_name = ? order by column_index",
        [schema, name],
    ).fetchall()
    # The members of an ENUM are data, and some have hundreds.
    typed = [(str(column), "ENUM" if str(kind).startswith("ENUM") else str(kind)) for column, kind in columns]
    return ("view" if views[0][0] else "table"), typed


def _own_meanings(table: OwnTable) -> tuple[_Meaning, dict[str, _Meaning]]:
    return _Meaning(table.zh, table.en, _OF_THE_BUILD), {
        column.name: _Meaning(column.zh, column.en, _OF_THE_BUILD) for column in table.columns
    }


def _model_meanings(
    table: DbtTable | None, project: DbtProject, sources: Mapping[str, Source]
) -> tuple[_Meaning, dict[str, _Meaning]]:
    if table is None:
        return _Meaning(None, None, None), {}
    feeds = ", ".join(feed for feed in sorted(project.source_ids[table.unique_id]) if feed in sources) or _OF_THE_BUILD
    return _meaning(table.description, feeds), {
        column.name: _meaning(column.description, column.source or feeds) for column in table.columns
    }


def _meaning(description: str, source: str) -> _Meaning:
    """Read a description written as `中文 | English`."""
    zh, _, en = (part.strip() for part in description.partition(" | "))
    return _Meaning(zh or None, en or None, source)


def _literal(text: str) -> str:
    """Text as an SQL literal: COMMENT ON takes no bound value."""
    return "'" + text.replace("'", "''") + "'"
