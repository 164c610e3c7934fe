"""The tables of an open release, and how their rows lead to records, as its `meta.lineage` states."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from pipelines.errors import TouchstoneError, UsageError
from pipelines.state.database import quoted
from pipelines.state.home import DBT_PROJECT_DIR, PROJECT_ROOT

_SCHEMAS = ("star", "marts", "audit", "meta")
# The key of the unknown member of every dimension, which stands for want of a value and comes from nowhere.
UNKNOWN_KEY = -1


@dataclass(frozen=True)
class TraceStep:
    """One step of a table's way: its rows name records, come from rows of another table, or from a packaged file."""

    kind: str
    target: str | None
    condition: str | None


@dataclass(frozen=True)
class TracedTable:
    """A table of a release, its key, its columns with their types, and the steps towards the records it comes from."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    steps: tuple[TraceStep, ...]

    @property
    def identifier(self) -> str:
        schema, name = self.name.split(".", 1)
        return f"{quoted(schema)}.{quoted(name)}"


class Lineage:
    """The tables of an open release and how their rows lead to records."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        known = connection.execute(
            "select count(*) from information_schema.tables where table_schema = 'meta' and table_name = 'lineage'"
        ).fetchall()
        if not known[0][0]:
            raise UsageError("this release was made before releases told their lineage; run `touchstone refresh`")
        columns: dict[str, dict[str, str]] = defaultdict(dict)
        for schema, table, column, data_type in connection.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns()"
            " where database_name = current_database() and list_contains(?, schema_name) order by column_index",
            [list(_SCHEMAS)],
        ).fetchall():
            columns[f"{schema}.{table}"][column] = data_type
        steps: dict[str, list[TraceStep]] = defaultdict(list)
        for schema, table, *step in connection.execute(
            "select schema_name, table_name, kind, target, condition from meta.lineage order by 1, 2, step_no"
        ).fetchall():
            steps[f"{schema}.{table}"].append(TraceStep(*step))
        self.tables = {
            f"{schema}.{table}": TracedTable(
                f"{schema}.{table}",
                tuple(key.split(", ")) if key else (),
                columns[f"{schema}.{table}"],
                tuple(steps[f"{schema}.{table}"]),
            )
            for schema, table, key in connection.execute(
                "select schema_name, table_name, key_columns from meta.tables order by 1, 2"
            ).fetchall()
        }

    def table(self, name: str) -> TracedTable:
        """The table of this name, with or without its schema. Raises UsageError where there is none."""
        for schema in ("", *(f"{schema}." for schema in _SCHEMAS)):
            if found := self.tables.get(f"{schema}{name}"):
                return found
        raise UsageError(f"no table {name} in this release; it has {', '.join(self.tables)}")

    def untraced(self) -> list[str]:
        """A line for every table of the star and the marts without a way to records, and every step that leads
        nowhere: what to declare, and where."""
        steps_found = []
        # A schema is filled by several folders: those of measures are in `star`.
        declarations = {path.stem: path.relative_to(PROJECT_ROOT) for path in DBT_PROJECT_DIR.glob("models/**/*.yml")}
        for table in self.tables.values():
            schema, name = table.name.split(".", 1)
            declaration = declarations.get(name, f"dbt_project/models/**/{name}.yml")
            if schema in ("star", "marts") and not table.steps:
                steps_found.append(
                    f"{declaration}: declare under config: {{meta: {{trace: [...]}}}} what its rows come from:"
                    " {to: star.<table>, by: [<column of both>], where: <SQL over this and that>},"
                    " or {packaged: <file of the project>}"
                )
            if schema in ("star", "marts") and not table.key:
                steps_found.append(f"{declaration}: name the test of its grain grain_of_{name}")
            targets = [step.target for step in table.steps if step.kind == "rows"]
            steps_found += [
                f"{declaration}: traces to {target}, no table" for target in targets if target not in self.tables
            ]
        return steps_found

    def rows(self, table: TracedTable, key: str) -> str:
        """The query of the rows that a key names: `column=value,...` of any columns, or the values of its key in order.

        A value with a comma stands in double quotes; an empty one is a null or an empty text. Raises UsageError for a
        key that the table cannot have, or that names no row.
        """
        given = self._given(table, key)
        texts = {column: str(value).replace("'", "''") for column, value in given.items()}
        condition = " and ".join(
            f"try_cast('{text}' as {_plain_type(table.columns[column])}) = {quoted(column)}"
            if text
            else f"coalesce(cast({quoted(column)} as varchar), '') = ''"
            for column, text in texts.items()
        )
        query = f"select * from {table.identifier} where {condition}"
        if self._connection.execute(f"select 1 from ({query}) as found limit 1").fetchall():
            return query
        shown = ", ".join(f"{column}={value}" for column, value in given.items())
        raise UsageError(f"{table.name}: no row has {shown}; find its key with `touchstone query`")

    def _given(self, table: TracedTable, key: str) -> dict[str, str]:
        (parts,) = csv.reader([key], skipinitialspace=True)
        named = [part.partition("=") for part in parts]
        if all(sign and column.strip() in table.columns for column, sign, _ in named):
            return {column.strip(): value for column, _, value in named}
        if not table.key:
            raise UsageError(f"{table.name} has no key; name columns of it: column=value,column=value")
        if len(parts) == len(table.key):
            return dict(zip(table.key, parts, strict=True))
        raise UsageError(
            f"{table.name}: {key!r} is not its key; write {','.join(f'{column}=...' for column in table.key)}"
        )

    def evidence_query(self, table: TracedTable, rows: str, above: tuple[str, ...] = ()) -> str:
        """The query of `delivery_key`, `record_no` and `through` of every record that some rows of a table come from.

        `rows` is the query of those rows. Raises TouchstoneError where the declared steps go round in a circle.
        """
        if table.name in above:
            raise TouchstoneError(f"meta.lineage: {' -> '.join((*above, table.name))} goes round in a circle")
        parts = []
        for step in table.steps:
            if step.kind == "record":
                record_no = "record_no" if "record_no" in table.columns else "null"
                key = f"({_delivery_key(table)})"
                parts.append(
                    f"select {key} as delivery_key, {record_no}::bigint as record_no, '{table.name}' as through"
                    f" from ({rows}) as this"
                )
            elif step.kind == "rows":
                that = self.table(str(step.target))
                others = (
                    f"select that.* from {that.identifier} as that"
                    f" where exists (select 1 from ({_known(table, rows)}) as this where {step.condition})"
                )
                parts.append(self.evidence_query(that, others, (*above, table.name)))
        empty = "select null::bigint as delivery_key, null::bigint as record_no, '' as through where false"
        return " union all ".join(f"({part})" for part in parts) or empty

    def fed_query(self, table: TracedTable, deliveries: str, above: tuple[str, ...] = ()) -> str | None:
        """The query of a table's rows that come from some delivery, which `deliveries` is a condition on the key of;
        None where none can."""
        if table.name in above:
            raise TouchstoneError(f"meta.lineage: {' -> '.join((*above, table.name))} goes round in a circle")
        conditions = []
        for step in table.steps:
            if step.kind == "record":
                conditions.append(f"({_delivery_key(table)}) {deliveries}")
            elif step.kind == "rows":
                that = self.fed_query(self.table(str(step.target)), deliveries, (*above, table.name))
                if that is not None:
                    conditions.append(f"exists (select 1 from ({that}) as that where {step.condition})")
        if not conditions:
            return None
        rows = _known(table, f"select * from {table.identifier}")
        return f"select this.* from ({rows}) as this where {' or '.join(conditions)}"


def _plain_type(data_type: str) -> str:
    return "varchar" if data_type.startswith("ENUM") else data_type


def _delivery_key(table: TracedTable) -> str:
    if "delivery_key" in table.columns:
        return "this.delivery_key"
    return (
        "select min(deliveries.delivery_key) from audit.deliveries as deliveries"
        " where deliveries.source_id = this.source_id and deliveries.sha256 = this.delivery_sha256"
    )


def _known(table: TracedTable, rows: str) -> str:
    """Rows without the unknown member, which would lead to everything that lacks a value."""
    if len(table.key) and table.key[0].endswith("_key"):
        return f"select * from ({rows}) as rows where {quoted(table.key[0])} <> {UNKNOWN_KEY}"
    return rows
