"""From a row of a release back to the records it comes from, and from a delivery forward to the rows it feeds."""

from __future__ import annotations

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
from pipelines.serving.lineage import UNKNOWN_KEY, Lineage, TracedTable
from pipelines.state.home import Home


@dataclass(frozen=True)
class TracedDelivery:
    """A delivery as in `audit.deliveries`."""

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
class TracedRecord:
    """A record that rows come from, and the table whose row names it; None for a row about the delivery itself."""

    delivery: TracedDelivery
    record_no: int | None
    through: str


@dataclass(frozen=True)
class Trace:
    """Rows of one table, the records they come from, newest delivery first, and the packaged files of the table."""

    table: str
    rows: list[dict[str, Any]]
    records: list[TracedRecord]
    packaged: list[str]


@dataclass(frozen=True)
class FedTable:
    """A table, and how many of its rows come from a delivery, alone or among others."""

    table: str
    n_rows: int


def trace(connection: duckdb.DuckDBPyConnection, table_name: str, key: str, limit: int = 100) -> Trace:
    """The rows that a key names (at most `limit` of them shown) and every record that they come from.

    Raises UsageError for an unknown table or key.
    """
    lineage = Lineage(connection)
    table = lineage.table(table_name)
    query = lineage.rows(table, key)
    result = connection.execute(f"{query} limit {limit:d}")
    names = [column[0] for column in result.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    packaged = [str(step.target) for step in table.steps if step.kind == "packaged"]
    return Trace(table.name, rows, traced_records(connection, lineage, table, query), packaged)


def traced_records(
    connection: duckdb.DuckDBPyConnection, lineage: Lineage, table: TracedTable, rows: str
) -> list[TracedRecord]:
    """The records that the rows of a query over a table come from, each once, newest delivery first."""
    deliveries = {delivery.delivery_key: delivery for delivery in _deliveries(connection)}
    addresses = connection.execute(
        f"""
        select delivery_key, record_no, min(through) as through
        from ({lineage.evidence_query(table, rows)})
        where delivery_key <> {UNKNOWN_KEY}
        group by delivery_key, record_no
        """
    ).fetchall()
    records = [TracedRecord(deliveries[key], record_no, through) for key, record_no, through in addresses]
    return sorted(
        records,
        key=lambda record: (
            -record.delivery.received_at.timestamp(),
            record.delivery.sha256,
            record.record_no or 0,
        ),
    )


def _deliveries(connection: duckdb.DuckDBPyConnection) -> list[TracedDelivery]:
    return [
        TracedDelivery(*row)
        for row in connection.execute(
            "select delivery_key, source_id, sha256, original_name, received_at, url, publisher, licence, state"
            " from audit.deliveries order by source_id, sha256"
        ).fetchall()
    ]


def find_delivery(connection: duckdb.DuckDBPyConnection, sha_prefix: str) -> TracedDelivery:
    """The delivery whose SHA-256 begins with these digits. Raises UsageError when none does, or several do."""
    matches = [delivery for delivery in _deliveries(connection) if delivery.sha256.startswith(sha_prefix.lower())]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise UsageError(f"{len(matches)} deliveries begin with {sha_prefix}; give more digits")
    raise UsageError(f"no delivery {sha_prefix} in this release; see audit.deliveries")


def fed_by(connection: duckdb.DuckDBPyConnection, delivery: TracedDelivery) -> Iterator[FedTable]:
    """The tables of the star, marts and audit with rows that come from a delivery."""
    lineage = Lineage(connection)
    for table in lineage.tables.values():
        query = lineage.fed_query(table, "= $delivery_key")
        if query is None:
            continue
        counts = connection.execute(
            f"select count(*) from ({query}) as fed", {"delivery_key": delivery.delivery_key}
        ).fetchall()
        if counts[0][0]:
            yield FedTable(table.name, int(counts[0][0]))


def raw_texts(home: Home, sources: Mapping[str, Source], records: Sequence[TracedRecord]) -> list[str | None]:
    """The text of each record as received, read from the archive delivery by delivery; None without a record number.

    Raises TouchstoneError when the archive no longer has a delivery or record, or its source is not declared.
    """
    record_nos: dict[TracedDelivery, set[int]] = defaultdict(set)
    for record in records:
        if record.record_no is not None:
            record_nos[record.delivery].add(record.record_no)
    texts: dict[tuple[str, int], str] = {}
    for delivery, numbers in record_nos.items():
        source = sources.get(delivery.source_id)
        if source is None:
            raise TouchstoneError(
                f"sources/{delivery.source_id}: no longer declared; restore its folder to read its records"
            )
        manifest = _manifest(home, delivery)
        for number, text in raw_records(home, source, manifest, sorted(numbers)).items():
            texts[delivery.sha256, number] = text
    return [
        texts[record.delivery.sha256, record.record_no] if record.record_no is not None else None for record in records
    ]


def _manifest(home: Home, delivery: TracedDelivery) -> Manifest:
    for manifest in manifests(home, delivery.source_id):
        if manifest.sha256 == delivery.sha256:
            return manifest
    raise TouchstoneError(
        f"{home.archive(delivery.source_id) / delivery.sha256}: the delivery is missing; restore it from a copy"
    )
