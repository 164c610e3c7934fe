"""Read-only queries of the current release, and their answers as a table, CSV, JSON or Parquet."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

import duckdb

from pipelines.errors import TouchstoneError, UsageError, first_paragraph
from pipelines.releases.release import open_current
from pipelines.state.atomic_write import atomic_write
from pipelines.state.home import Home

AnswerFormat = Literal["table", "csv", "json", "parquet"]

_ROWS_PER_BATCH = 50_000
# Errors of the machine or the database; all others are errors of the statement.
_MACHINE_ERRORS = (duckdb.OutOfMemoryException, duckdb.IOException, duckdb.InternalException, duckdb.FatalException)


@contextmanager
def answer(home: Home, sql: str) -> Iterator[duckdb.DuckDBPyRelation]:
    """The rows that SQL selects from the current release, not yet computed; of several statements, those of the last.

    The connection can neither write to the release nor reach files or the network. Raises UsageError with the
    database's message, in one line, for a statement that is wrong, refused or returns no rows.
    """
    with _one_line_errors(), open_current(home) as connection:
        if os.access(home.root, os.W_OK):
            # A folder for each process: two that share one overwrite each other's spilled data.
            home.runs.mkdir(exist_ok=True)
            connection.execute("set temp_directory = ?", [str(home.runs / f"query-{os.getpid()}")])
        connection.execute("set python_enable_replacements = false")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        rows = connection.sql(sql)
        if rows is None:
            raise UsageError("the statement returns no rows; write SELECT, FROM, DESCRIBE or SUMMARIZE")
        yield rows


def shown(rows: duckdb.DuckDBPyRelation, limit: int) -> tuple[list[tuple[str | None, ...]], bool]:
    """The first rows as the database's own text (NULL as None), and whether there are more."""
    first = _as_text(rows).limit(limit + 1).fetchall()
    return first[:limit], len(first) > limit


def write_csv(rows: duckdb.DuckDBPyRelation, stream: BinaryIO) -> None:
    """Write a header and the rows as UTF-8 CSV, batch by batch; NULL is an empty cell, an empty text is two quotes."""
    import polars

    header = polars.DataFrame(schema=dict.fromkeys(_distinct(rows.columns), polars.String))
    stream.write(header.write_csv().encode())
    for batch in _as_text(rows).to_arrow_reader(_ROWS_PER_BATCH):
        frame = polars.DataFrame(polars.from_arrow(batch))
        stream.write(frame.write_csv(include_header=False).encode())


def write_json(rows: duckdb.DuckDBPyRelation, stream: BinaryIO) -> None:
    """Write the rows as a JSON array of objects in UTF-8, one object a line, batch by batch."""
    objects = rows.query("answer", "select to_json(answer)::varchar as object from answer")
    if objects is None:
        raise TouchstoneError("the database returned no rows as JSON; try --format csv")
    separator = b"[\n"
    for batch in objects.to_arrow_reader(_ROWS_PER_BATCH):
        stream.write(separator + ",\n".join(batch.column(0).to_pylist()).encode())
        separator = b",\n"
    stream.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def write_parquet(rows: duckdb.DuckDBPyRelation, stream: BinaryIO) -> None:
    """Write the rows as a Parquet file (zstd), batch by batch."""
    import pyarrow
    import pyarrow.parquet

    batches = rows.to_arrow_reader(_ROWS_PER_BATCH)
    try:
        with pyarrow.parquet.ParquetWriter(stream, batches.schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)
    except pyarrow.ArrowNotImplementedError as error:
        raise UsageError(f"{error}: Parquet has no such type; cast the column to VARCHAR") from error


WRITERS: dict[str, Callable[[duckdb.DuckDBPyRelation, BinaryIO], None]] = {
    "csv": write_csv,
    "json": write_json,
    "parquet": write_parquet,
}


def write_file(rows: duckdb.DuckDBPyRelation, answer_format: AnswerFormat, target: Path) -> None:
    """Write the rows to a file, which appears under its name only when it is complete."""
    try:
        with atomic_write(target) as partial, partial.open("wb") as stream:
            WRITERS[answer_format](rows, stream)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written: {error.strerror}") from error


def _as_text(rows: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    return rows.project("cast(columns(*) as varchar)")


def _distinct(names: list[str]) -> list[str]:
    """Column names made different as the database does: a, a_1, a_2."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        count = seen.get(name, 0)
        seen[name] = count + 1
        distinct.append(f"{name}_{count}" if count else name)
    return distinct


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        # The second paragraph repeats the statement with a caret below it, which only makes sense in several lines.
        raise (TouchstoneError if isinstance(error, _MACHINE_ERRORS) else UsageError)(first_paragraph(error)) from error
