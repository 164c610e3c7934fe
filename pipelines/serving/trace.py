"""From a row of a release back to the records it comes from, and from a delivery forward to the rows it feeds.

The way is data of the release itself: `meta.lineage` holds, per table, whether its rows name their record and which
rows of which other tables they come from; dbt's yml beside each model declares it. So a release is traced as it was
made, whatever the project has become since.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from pipelines.contract.declarations import Source
from pipelines.errors import TouchstoneError, UsageError
from pipelines.parsing.raw_record import raw_records
from pipelines.receiving.manifest import Manifest, manifests
from pipelines.state.database import quoted
from pipelines.state.home import DBT_PROJECT_DIR, PROJECT_ROOT, Home

_SCHEMAS = ("star", "marts", "audit", "meta")
# The key of the unknown member of every dimension, which stands for want of a value and comes from nowhere.
UNKNOWN_KEY = -1


@dataclass(frozen=True)
class Step:
    """One step of a table's way: its rows name records, come from rows of another table, or from a packaged file."""

    kind: str
    target: str | None
    condition: str | None


@dataclass(frozen=True)
class Table:
    """A table of a release, its key, its columns with their types, and the steps towards the records it comes from."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    steps: tuple[Step, ...]

    @property
    def identifier(self) -> str:
        schema, name = self.name.split(".", 1)
        return f"{quoted(schema)}.{quoted(name)}"


@dataclass(frozen=True)
class Delivery:
    """A delivery as `audit.deliveries` tells it."""

    delivery_key: int
    source_id: str
    sha256: str
    original_name: str
    received_at: datetime
    url: str | None
    publisher: str | None
    licence: str | None
    state: str


@dataclass(frozen=True)
class Evidence:
    """A record that rows come from, and the table whose row names it. A row about a delivery as such has no record."""

    delivery: Delivery
    record_no: int | None
    through: str


@dataclass(frozen=True)
class Traced:
    """Rows of one table, the records they come from, newest delivery first, and the packaged files of the table."""

    table: str
    rows: list[dict[str, Any]]
    evidence: list[Evidence]
    packaged: list[str]


@dataclass(frozen=True)
class Fed:
    """How many rows of a table come, among others, from a delivery."""

    table: str
    n_rows: int


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
        steps: dict[str, list[Step]] = defaultdict(list)
        for schema, table, *step in connection.execute(
            "select schema_name, table_name, kind, target, condition from meta.lineage order by 1, 2, step_no"
        ).fetchall():
            steps[f"{schema}.{table}"].append(Step(*step))
        self.tables = {
            f"{schema}.{table}": Table(
                f"{schema}.{table}",
                tuple(key.split(", ")) if key else (),
                columns[f"{schema}.{table}"],
                tuple(steps[f"{schema}.{table}"]),
            )
            for schema, table, key in connection.execute(
                "select schema_name, table_name, key_columns from meta.tables order by 1, 2"
            ).fetchall()
        }

    def table(self, name: str) -> Table:
        """The table of this name, with or without its schema. Raises UsageError where there is none."""
        for schema in ("", *(f"{schema}." for schema in _SCHEMAS)):
            if found := self.tables.get(f"{schema}{name}"):
                return found
        raise UsageError(f"no table {name} in this release; it has {', '.join(self.tables)}")

    def untraced(self) -> list[str]:
        """A line for every table of the star and the marts without a way to records, and every step that leads
        nowhere: what to declare, and where."""
        found = []
        # A schema is filled by several folders: those of measures are in `star`.
        declarations = {path.stem: path.relative_to(PROJECT_ROOT) for path in DBT_PROJECT_DIR.glob("models/**/*.yml")}
        for table in self.tables.values():
            schema, name = table.name.split(".", 1)
            declaration = declarations.get(name, f"dbt_project/models/**/{name}.yml")
            if schema in ("star", "marts") and not table.steps:
                found.append(
                    f"{declaration}: declare under config: {{meta: {{trace: [...]}}}} what its rows come from:"
                    " {to: star.<table>, by: [<column of both>], where: <SQL over this and that>},"
                    " or {packaged: <file of the project>}"
                )
            if schema in ("star", "marts") and not table.key:
                found.append(f"{declaration}: name the test of its grain grain_of_{name}")
            targets = [step.target for step in table.steps if step.kind == "rows"]
            found += [f"{declaration}: traces to {target}, no table" for target in targets if target not in self.tables]
        return found

    def rows(self, table: Table, key: str) -> str:
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

    def _given(self, table: Table, key: str) -> dict[str, str]:
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

    def evidence_query(self, table: Table, rows: str, above: tuple[str, ...] = ()) -> str:
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

    def fed_query(self, table: Table, deliveries: str, above: tuple[str, ...] = ()) -> str | None:
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


def _delivery_key(table: Table) -> str:
    if "delivery_key" in table.columns:
        return "this.delivery_key"
    return (
        "select min(deliveries.delivery_key) from audit.deliveries as deliveries"
        " where deliveries.source_id = this.source_id and deliveries.sha256 = this.delivery_sha256"
    )


def _known(table: Table, rows: str) -> str:
    """Rows without the unknown member, which would lead to everything that lacks a value."""
    if len(table.key) and table.key[0].endswith("_key"):
        return f"select * from ({rows}) as rows where {quoted(table.key[0])} <> {UNKNOWN_KEY}"
    return rows


def trace(connection: duckdb.DuckDBPyConnection, table_name: str, key: str, limit: int = 100) -> Traced:
    """The rows that a key names (at most `limit` of them shown) and every record that they come from.

    Raises UsageError for an unknown table or key.
    """
    lineage = Lineage(connection)
    table = lineage.table(table_name)
    query = lineage.rows(table, key)
    found = connection.execute(f"{query} limit {limit:d}")
    names = [column[0] for column in found.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    packaged = [str(step.target) for step in table.steps if step.kind == "packaged"]
    return Traced(table.name, rows, evidence(connection, lineage, table, query), packaged)


def evidence(connection: duckdb.DuckDBPyConnection, lineage: Lineage, table: Table, rows: str) -> list[Evidence]:
    """The records that the rows of a query over a table come from, each once, newest delivery first."""
    deliveries = {one.delivery_key: one for one in known_deliveries(connection)}
    found = connection.execute(
        f"""
        with told as (from ({lineage.evidence_query(table, rows)}) where delivery_key <> {UNKNOWN_KEY})
        select delivery_key, record_no, min(through) as through from told group by delivery_key, record_no
        """
    ).fetchall()
    told = [Evidence(deliveries[key], number, through) for key, number, through in found]
    return sorted(
        told,
        key=lambda one: (-one.delivery.received_at.timestamp(), one.delivery.sha256, one.record_no or 0),
    )


def known_deliveries(connection: duckdb.DuckDBPyConnection) -> list[Delivery]:
    """Every delivery that the release knows of."""
    return [
        Delivery(*row)
        for row in connection.execute(
            "select delivery_key, source_id, sha256, original_name, received_at, url, publisher, licence, state"
            " from audit.deliveries order by source_id, sha256"
        ).fetchall()
    ]


def find_delivery(connection: duckdb.DuckDBPyConnection, sha_prefix: str) -> Delivery:
    """The delivery whose SHA-256 opens with these digits. Raises UsageError when none does, or several do."""
    found = [one for one in known_deliveries(connection) if one.sha256.startswith(sha_prefix.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{len(found)} deliveries open with {sha_prefix}; give more of its digits")
    raise UsageError(f"no delivery {sha_prefix} in this release; see audit.deliveries")


def fed_by(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> Iterator[Fed]:
    """The tables of the star, marts and audit with rows that come from a delivery."""
    lineage = Lineage(connection)
    for table in lineage.tables.values():
        query = lineage.fed_query(table, "= $delivery_key")
        if query is None:
            continue
        found = connection.execute(
            f"select count(*) from ({query}) as fed", {"delivery_key": delivery.delivery_key}
        ).fetchall()
        if found[0][0]:
            yield Fed(table.name, int(found[0][0]))


def raw_texts(home: Home, sources: Mapping[str, Source], told: Sequence[Evidence]) -> list[str | None]:
    """The text of each record as received, read from the archive delivery by delivery; None for a delivery as such.

    Raises TouchstoneError when the archive no longer holds a delivery or record, or its source is not declared.
    """
    wanted: dict[Delivery, set[int]] = defaultdict(set)
    for one in told:
        if one.record_no is not None:
            wanted[one.delivery].add(one.record_no)
    texts: dict[tuple[str, int], str] = {}
    for delivery, numbers in wanted.items():
        source = sources.get(delivery.source_id)
        if source is None:
            raise TouchstoneError(f"sources/{delivery.source_id}: not declared any more; its records cannot be read")
        manifest = _manifest(home, delivery)
        for number, text in raw_records(home, source, manifest, sorted(numbers)).items():
            texts[delivery.sha256, number] = text
    return [texts[one.delivery.sha256, one.record_no] if one.record_no is not None else None for one in told]


def _manifest(home: Home, delivery: Delivery) -> Manifest:
    for manifest in manifests(home, delivery.source_id):
        if manifest.sha256 == delivery.sha256:
            return manifest
    raise TouchstoneError(
        f"{home.archive(delivery.source_id) / delivery.sha256}: the archived delivery is gone; restore it from a copy"
    )
