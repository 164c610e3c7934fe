"""The lineage of the tables of a release: the steps from their rows to the records they come from.

It is data of the release: `meta.lineage` holds, per table, whether its rows name their record and which rows of which
other tables they come from. The yml beside each dbt model declares it. So an old release is traced as it was built,
whatever the project has become since.
"""

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
# The key of the unknown member of every dimension, which is used where a value is missing and comes from no record.
UNKNOWN_KEY = -1


@dataclass(frozen=True)
class TraceStep:
    """One step towards records: the rows of a table name them, or come from another table or from a packaged file.

    kind: record, rows or packaged. `target` is the other table or the file. `condition` joins `this` and `that` row.
    """

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
    """The tables of an open release and the queries that lead from their rows to records, and back."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        counts = connection.execute(
            "select count(*) from information_schema.tables where table_schema = 'meta' and table_name = 'lineage'"
        ).fetchall()
        if not counts[0][0]:
            raise UsageError("this release was built before releases had a lineage; run `touchstone refresh`")
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
            if table := self.tables.get(f"{schema}{name}"):
                return table
        raise UsageError(f"no table {name} in this release; it has {', '.join(self.tables)}")

    def untraced(self) -> list[str]:
        """What to declare, and where: a line for every table of the star and the marts without a step, and for every
        step to a table that does not exist."""
        problems = []
        # A schema is filled by several folders: those of measures are in `star`.
        declarations = {path.stem: path.relative_to(PROJECT_ROOT) for path in DBT_PROJECT_DIR.glob("models/**/*.yml")}
        for table in self.tables.values():
            schema, name = table.name.split(".", 1)
            declaration = declarations.get(name, f"dbt_project/models/**/{name}.yml")
            if schema in ("star", "marts") and not table.steps:
                problems.append(
                    f"{declaration}: declare under config: {{meta: {{trace: [...]}}}} what its rows come from:"
                    " {to: star.<table>, by: [<column of both>], where: <SQL over this and that>},"
                    " or {packaged: <file of the project>}"
                )
            if schema in ("star", "marts") and not table.key:
                problems.append(f"{declaration}: name the test of its grain grain_of_{name}")
            targets = [step.target for step in table.steps if step.kind == "rows"]
            problems += [
                f"{declaration}: traces to {target}, which is not a table of the release"
                for target in targets
                if target not in self.tables
            ]
        return problems

    def rows(self, table: TracedTable, key: str) -> str:
        """The query of the rows that a key names: `column=value,...` of any columns, or the values of its key in order.

        A value with a comma is written in double quotes; an empty one is a null or an empty text. Raises UsageError for
        a key that the table cannot have, or that names no row.
        """
        values = self._key_values(table, key)
        texts = {column: str(value).replace("'", "''") for column, value in values.items()}
        condition = " and ".join(
            f"try_cast('{text}' as {_plain_type(table.columns[column])}) = {quoted(column)}"
            if text
            else f"coalesce(cast({quoted(column)} as varchar), '') = ''"
            for column, text in texts.items()
        )
        query = f"select * from {table.identifier} where {condition}"
        if self._connection.execute(f"select 1 from ({query}) as named limit 1").fetchall():
            return query
        written = ", ".join(f"{column}={value}" for column, value in values.items())
        raise UsageError(f"{table.name}: no row has {written}; find its key with `touchstone query`")

    def _key_values(self, table: TracedTable, key: str) -> dict[str, str]:
        """The values that a key gives to columns of the table."""
        (cells,) = csv.reader([key], skipinitialspace=True)
        named = [cell.partition("=") for cell in cells]
        if all(sign and column.strip() in table.columns for column, sign, _ in named):
            return {column.strip(): value for column, _, value in named}
        if not table.key:
            raise UsageError(f"{table.name}: has no key; write column=value,column=value")
        if len(cells) == len(table.key):
            return dict(zip(table.key, cells, strict=True))
        raise UsageError(
            f"{table.name}: {key!r} is not its key; write {','.join(f'{column}=...' for column in table.key)}"
        )

    def evidence_query(self, table: TracedTable, rows: str, above: tuple[str, ...] = ()) -> str:
        """The query of the records that some rows of a table come from: `delivery_key`, `record_no`, and in `through`
        the table whose row names the record.

        `rows` is the query of those rows, `above` are the tables already passed. Raises TouchstoneError where the
        steps form a circle.
        """
        _refuse_circle(table, above)
        queries = []
        for step in table.steps:
            if step.kind == "record":
                record_no = "record_no" if "record_no" in table.columns else "null"
                key = f"({_delivery_key(table)})"
                queries.append(
                    f"select {key} as delivery_key, {record_no}::bigint as record_no, '{table.name}' as through"
                    f" from ({rows}) as this"
                )
            elif step.kind == "rows":
                that = self.table(str(step.target))
                rows_of_that = (
                    f"select that.* from {that.identifier} as that"
                    f" where exists (select 1 from ({_without_unknown(table, rows)}) as this where {step.condition})"
                )
                queries.append(self.evidence_query(that, rows_of_that, (*above, table.name)))
        empty = "select null::bigint as delivery_key, null::bigint as record_no, '' as through where false"
        return " union all ".join(f"({query})" for query in queries) or empty

    def fed_query(self, table: TracedTable, deliveries: str, above: tuple[str, ...] = ()) -> str | None:
        """The query of a table's rows that come from deliveries; None for a table without any.

        `deliveries` is the condition on the delivery's key, such as `= 7`. Raises as `evidence_query` does.
        """
        _refuse_circle(table, above)
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
        rows = _without_unknown(table, f"select * from {table.identifier}")
        return f"select this.* from ({rows}) as this where {' or '.join(conditions)}"


def _refuse_circle(table: TracedTable, above: tuple[str, ...]) -> None:
    if table.name in above:
        raise TouchstoneError(f"meta.lineage: {' -> '.join((*above, table.name))} is a circle; correct meta.trace")


def _plain_type(data_type: str) -> str:
    return "varchar" if data_type.startswith("ENUM") else data_type


def _delivery_key(table: TracedTable) -> str:
    if "delivery_key" in table.columns:
        return "this.delivery_key"
    return (
        "select min(deliveries.delivery_key) from audit.deliveries as deliveries"
        " where deliveries.source_id = this.source_id and deliveries.sha256 = this.delivery_sha256"
    )


def _without_unknown(table: TracedTable, rows: str) -> str:
    """The rows without the unknown member, which would lead to every row that lacks a value."""
    if len(table.key) and table.key[0].endswith("_key"):
        return f"select * from ({rows}) as rows where {quoted(table.key[0])} <> {UNKNOWN_KEY}"
    return rows
