"""Readers of tables: CSV streaming through Polars, workbooks through python-calamine, both as text columns.

Columns are found by the declared header texts, so that offices may name and order them as they like. A CSV that DuckDB
finds structurally sound is read by Polars in batches; one with broken rows is read by the csv module, which can tell
which rows those are.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from pipelines.contract.check import BROKEN_SCHEMA
from pipelines.contract.declarations import Source
from pipelines.contract.refusal import DeliveryRefused
from pipelines.parsing.readers.table_batch import Batch, cells_frame, context_columns, declared_columns
from pipelines.parsing.readers.table_header import Header, find_header

BATCH_ROWS = 50_000
PIECE_BYTES = 5 << 20
_SAMPLE_BYTES = 1 << 20
_DELIMITERS = ",;\t|"
_FIELD_BYTES = 8 << 20

csv.field_size_limit(_FIELD_BYTES)


@dataclass(frozen=True)
class CsvLayout:
    """How a UTF-8 CSV file is to be read."""

    delimiter: str
    header: Header | None
    skip_lines: int
    n_columns: int


def csv_layout(path: Path, source: Source) -> CsvLayout:
    """Delimiter, header and its place; `header` is None where no row names the required columns.

    Raises DeliveryRefused for an empty file.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    if not sample.strip():
        raise DeliveryRefused("empty file; ask the publisher for it again")
    text = sample.decode("utf-8-sig", errors="replace")
    lines = list(itertools.islice(io.StringIO(text, newline=""), source.table.header_rows + 200))
    layouts: list[CsvLayout] = []
    for delimiter in sorted(_DELIMITERS, key="".join(lines).count, reverse=True):
        rows: list[list[str]] = []
        ends: list[int] = []
        reader = csv.reader(lines, delimiter=delimiter)
        for row in itertools.islice(reader, source.table.header_rows + 1):
            rows.append(row)
            ends.append(reader.line_num)
        header = find_header(source, rows)
        if header is not None:
            return CsvLayout(delimiter, header, ends[header.row], len(header.texts))
        layouts.append(CsvLayout(delimiter, None, 0, max(len(row) for row in rows)))
    return layouts[0]


def refuse_truncated_csv(path: Path, layout: CsvLayout) -> None:
    """Raises DeliveryRefused when the file stops inside its last record."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 65536))
        tail = file.read().decode("utf-8", errors="replace")
    if tail.endswith(("\n", "\r")):
        return
    last = tail.rsplit("\n", 1)[-1]
    cells = next(csv.reader([last], delimiter=layout.delimiter), [])
    if (layout.header and len(cells) < layout.n_columns) or last.count('"') % 2:
        raise DeliveryRefused(f"truncated: ends inside a record ('{last[-40:]}'); fetch it again")


def read_csv(path: Path, source: Source, layout: CsvLayout, careful: bool = False) -> Iterator[Batch]:
    """Batches of a UTF-8 CSV file in file order; records are numbered from 1, rows without any text are none.

    With `careful` the csv module reads and finds the broken rows. Without, Polars reads at thirty times
    the speed a file that DuckDB finds correct; raises DeliveryRefused when it is not.
    """
    if layout.header is None:
        yield from _without_header(path, layout)
    elif careful:
        yield from _read_rows(path, layout, layout.header)
    else:
        yield from _read_sound(path, layout, layout.header)


def _read_sound(path: Path, layout: CsvLayout, header: Header) -> Iterator[Batch]:
    columns = {f"column {i}": pl.String for i in range(layout.n_columns)}
    n_read = last = 0
    with ThreadPoolExecutor(1) as thread:
        counted = thread.submit(_count_if_correct, path, layout)
        for piece in _whole_rows(path, layout.skip_lines):
            if _has_lone_return(piece):
                raise DeliveryRefused("has carriage returns within its rows")
            frame = pl.read_csv(piece, has_header=False, separator=layout.delimiter, schema=columns, encoding="utf8")
            n_read += len(frame)
            cells = _with_text(frame).with_row_index("record_no", offset=last + 1)
            last += len(cells)
            yield Batch(context_columns(declared_columns(header, cells), path.stem, header), cells, header)
    n_counted = counted.result()
    if n_counted is None:
        raise DeliveryRefused("has rows that are broken")
    if n_read != n_counted:
        raise DeliveryRefused(f"{n_read} rows read where {n_counted} were counted; quoting is inconsistent")


def _has_lone_return(piece: bytes) -> bool:
    """Whether a carriage return stands before anything but a line feed: it ends a row for some readers only."""
    text = np.frombuffer(piece, np.uint8)
    following = np.flatnonzero(text == ord("\r")) + 1
    return bool(len(following)) and bool(following[-1] == len(text) or (text[following] != ord("\n")).any())


def _whole_rows(path: Path, skip_lines: int) -> Iterator[bytes]:
    """The file after its header, cut into pieces where a row ends."""
    with path.open("rb") as file:
        for _ in range(skip_lines):
            file.readline()
        rest = b""
        while block := file.read(PIECE_BYTES):
            rest = b"".join((rest, block, file.readline(_FIELD_BYTES)))
            cut = rest.rfind(b"\n") + 1
            # An odd number of quotes before a line's end: the end is within a cell.
            odd = np.count_nonzero(np.frombuffer(rest, np.uint8, cut) == ord('"')) % 2
            while cut and odd:
                before = rest.rfind(b"\n", 0, cut - 1) + 1
                odd ^= rest.count(b'"', before, cut) % 2
                cut = before
            if cut:
                yield rest[:cut]
                rest = rest[cut:]
            elif len(rest) > _FIELD_BYTES + PIECE_BYTES:
                raise DeliveryRefused("has a quoted cell that does not end")
        if rest:
            yield rest


def _with_text(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that have text in any cell."""
    first = frame.to_series(0)
    doubtful = first.is_null() | ~first.str.contains(r"\S")
    if not doubtful.fill_null(True).any():
        return frame
    return frame.filter(pl.any_horizontal(pl.all().str.contains(r"\S").fill_null(False)))


def _count_if_correct(path: Path, layout: CsvLayout) -> int | None:
    """The number of rows, or None if any has another number of cells than the header, is badly quoted or no UTF-8."""
    columns = {f"c{i}": "VARCHAR" for i in range(layout.n_columns)}
    with duckdb.connect(config={"threads": 2, "memory_limit": "96MB"}) as connection:
        try:
            rows = connection.execute(
                "select count(*) from read_csv(?, delim = ?, quote = '\"', escape = '\"', header = false, skip = ?, "
                "auto_detect = false, columns = ?, store_rejects = true, max_line_size = ?, buffer_size = ?)",
                # Unasked, the buffer is sixteen times the longest line, which the memory limit does not allow.
                [str(path), layout.delimiter, layout.skip_lines, columns, _FIELD_BYTES, _FIELD_BYTES],
            ).fetchall()
            rejects = connection.execute("select count(*) from reject_errors").fetchall()
        except duckdb.Error:
            return None
    if rejects[0][0]:
        return None
    return int(rows[0][0])


def _rows_with_text(path: Path, layout: CsvLayout) -> Iterator[tuple[int, list[str]]]:
    """(record number, cells) of every row with text; raises csv.Error for a cell over the limit."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        for _ in range(layout.skip_lines):
            file.readline()
        number = 0
        for row in csv.reader(file, delimiter=layout.delimiter):
            if any(cell.strip() for cell in row):
                number += 1
                yield number, row


def _read_rows(path: Path, layout: CsvLayout, header: Header) -> Iterator[Batch]:
    records = _rows_with_text(path, layout)
    while taken := list(itertools.islice(records, BATCH_ROWS)):
        numbers, rows = list[int](), list[list[str]]()
        ragged: dict[int, list[str]] = {}
        for number, row in taken:
            while len(row) > layout.n_columns and not row[-1].strip():
                row.pop()
            if len(row) == layout.n_columns:
                numbers.append(number)
                rows.append(row)
            else:
                ragged[number] = row
        cells = cells_frame(numbers, rows, layout.n_columns)
        broken = [
            (number, "columns", f"{len(row)} cells where the header has {layout.n_columns}")
            for number, row in ragged.items()
        ]
        yield Batch(
            context_columns(declared_columns(header, cells), path.stem, header),
            cells,
            header,
            pl.DataFrame(broken, schema=BROKEN_SCHEMA, orient="row"),
            ragged,
        )


def _without_header(path: Path, layout: CsvLayout) -> Iterator[Batch]:
    """Every row is broken: without a header the meaning of no cell is certain."""
    records = _rows_with_text(path, layout)
    header = Header(0, [], {}, "")
    none = pl.DataFrame(schema={"record_no": pl.Int64})
    while taken := list(itertools.islice(records, BATCH_ROWS)):
        broken = [(number, "header", "no row of the file names the declared columns") for number, _ in taken]
        yield Batch(none, none, header, pl.DataFrame(broken, schema=BROKEN_SCHEMA, orient="row"), dict(taken))
