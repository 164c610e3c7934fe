"""A lake made by hand, without deliveries of bytes: its tables in DuckDB, for the gates to judge."""

from __future__ import annotations

from datetime import datetime

import duckdb

from pipelines.contract.declarations import Source
from pipelines.gates.check import CheckResult

DELIVERIES = """
    create table lake.deliveries(
        source_id varchar, sha256 varchar, original_name varchar, received_at timestamp, bytes bigint,
        n_records bigint, n_loaded bigint, n_quarantined bigint, n_skipped bigint, state varchar, reason varchar,
        publisher varchar, licence varchar, url varchar, snapshot_date date)
"""

QUARANTINE = """
    create table lake.quarantine(
        source_id varchar, delivery_sha256 varchar, record_no bigint, rule varchar, detail varchar, raw varchar,
        first_seen_at timestamp)
"""


def deliver(
    connection: duckdb.DuckDBPyConnection,
    source_id: str,
    digest: str,
    day: int,
    n_loaded: int,
    n_quarantined: int = 0,
    state: str = "loaded",
) -> None:
    connection.execute(
        "insert into lake.deliveries (source_id, sha256, original_name, received_at, n_records, n_loaded,"
        " n_quarantined, n_skipped, state) values (?, ?, ?, ?, ?, ?, ?, 0, ?)",
        [
            source_id,
            digest,
            f"{digest}.csv",
            datetime(2026, 11, day),
            n_loaded + n_quarantined,
            n_loaded,
            n_quarantined,
            state,
        ],
    )


def empty_lake(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    for entity in source.entities:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in source.lake_columns(entity))
        connection.execute(f'create table lake."{source.id}__{entity}"(delivery_sha256 varchar, {columns})')


def refused(results: list[CheckResult]) -> dict[str, CheckResult]:
    return {result.plan.name: result for result in results if not result.passed}
