"""Table `lake.corrections`: what each correction changed."""

from __future__ import annotations

from typing import Literal, NamedTuple

import duckdb

from pipelines.contract.declarations import Source
from pipelines.lake.corrections import Correction
from pipelines.lake.matched_rows import MatchedRow


class Change(NamedTuple):
    """The old and the new value of a corrected column."""

    column: str
    old: object
    new: str | None


def create_correction_log(connection: duckdb.DuckDBPyConnection) -> None:
    """Create `lake.corrections`: a row per correction, record and column that it changed, and one per correction that
    waits for its record."""
    connection.execute(
        """
        create table lake.corrections(
            source_id varchar, correction_id varchar, entity varchar, delivery_sha256 varchar, record_no bigint,
            item_no bigint, action varchar, column_name varchar, old_value varchar, new_value varchar,
            was_quarantined boolean, reason varchar, author varchar, decided_date date)
        """
    )


def log_waiting(connection: duckdb.DuckDBPyConnection, source: Source, correction: Correction) -> None:
    """Log a correction that matches no record."""
    _log(connection, source, correction, None, "waiting", None)


def log_drop(connection: duckdb.DuckDBPyConnection, source: Source, row: MatchedRow) -> None:
    """Log a row that its correction dropped."""
    _log(connection, source, row.correction, row, "drop", None)


def log_change(connection: duckdb.DuckDBPyConnection, source: Source, row: MatchedRow, change: Change) -> None:
    """Log a column that its correction changed in a row."""
    _log(connection, source, row.correction, row, "set", change)


def _log(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    correction: Correction,
    row: MatchedRow | None,
    action: Literal["waiting", "drop", "set"],
    change: Change | None,
) -> None:
    connection.execute(
        f"insert into lake.corrections values ({', '.join('?' * 14)})",
        [
            source.id,
            correction.id,
            correction.entity or source.record_entity,
            *(row.address if row else (None, None, None)),
            action,
            change.column if change else None,
            None if change is None or change.old is None else str(change.old),
            change.new if change else None,
            row.is_quarantined if row else False,
            correction.reason,
            correction.author,
            correction.decided_on,
        ],
    )
