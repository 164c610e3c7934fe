"""DuckDB connections with explicit limits, quoted identifiers, and the insertion of Python values into a table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import duckdb

from pipelines.state.machine import usable_cores, usable_memory


def memory_limit() -> str:
    """DuckDB's memory limit for one connection: TOUCHSTONE_MEMORY_LIMIT, or half of what this process may use."""
    return os.environ.get("TOUCHSTONE_MEMORY_LIMIT") or f"{usable_memory() // 2_000_000}MB"


def threads() -> int:
    """DuckDB's threads for one connection: TOUCHSTONE_THREADS, or the cores that this process may use."""
    configured = os.environ.get("TOUCHSTONE_THREADS")
    return int(configured) if configured else usable_cores()


def open_database(path: Path | None, spill: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with explicit limits, spilling to `spill`; in memory where no path is given."""
    spill.mkdir(parents=True, exist_ok=True)
    return duckdb.connect(
        str(path) if path is not None else ":memory:",
        read_only=read_only,
        config={
            "memory_limit": memory_limit(),
            "threads": threads(),
            "temp_directory": str(spill),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )


def quoted(identifier: str) -> str:
    """An identifier in SQL's double quotes, whatever characters it has."""
    return '"' + identifier.replace('"', '""') + '"'


def insert_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows, each with a value for every column of `table` (schema.name, quoted where it must be).

    They are bound as one list per column: a statement per row takes half a second per thousand rows.
    """
    types = connection.table(table).types
    lists = ", ".join(f"unnest(${number}::{data_type}[])" for number, data_type in enumerate(types, 1))
    columns = [[row[number] for row in rows] for number in range(len(types))]
    connection.execute(f"insert into {table} select {lists}", columns)
