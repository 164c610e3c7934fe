"""Readers of tables: CSV streaming through Polars, workbooks through python-calamine, both as text columns.

Columns are found by the declared header texts, so that offices may name and order them as they like. A CSV that DuckDB
finds structurally sound is read by Polars in batches; one with broken rows is read by the csv module, which can tell
which rows those are.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import python_calamine

from pipelines.contract import BROKEN_SCHEMA
from pipelines.declarations import Source
from pipelines.refusal import DeliveryRefused

BATCH_ROWS = 50_000
PIECE_BYTES = 5 << 20
_SAMPLE_BYTES = 1 << 20
_DELIMITERS = ",;\t|"
_FIELD_BYTES = 8 << 20
WORKBOOK_SUFFIXES = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")

csv.field_size_limit(_FIELD_BYTES)


@dataclass(frozen=True)
class Header:
    """Where a table's header lies, and the position of each declared column that it names.

    `values` are the positions of columns that each hold values of their own, by header text.
    """

    row: int
    texts: list[str]
    positions: dict[str, int]
    title: str
    values: dict[str, int] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()

    @property
    def unknown(self) -> list[str]:
        """Header texts that no declared column is read from."""
        used = {*self.positions.values(), *self.values.values()}
        used |= {position for position, text in enumerate(self.texts) if _plain(text) in self.ignored}
        return [text for position, text in enumerate(self.texts) if text and position not in used]


@dataclass
class Batch:
    """Rows read: declared columns as text, `record_no`, `_sheet`, `_title`; `cells` is every record as received.

    `ragged` holds the cells of records whose number of cells is not the header's. `left_out` names the sheets of the
    workbook that have rows but no header.
    """

    rows: pl.DataFrame
    cells: pl.DataFrame
    header: Header
    broken: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BROKEN_SCHEMA))
    ragged: dict[int, list[str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def n_records(self) -> int:
        return len(self.cells) + len(self.ragged)

    def raw(self, record_nos: list[int]) -> list[str]:
        """The records as received, in order: a JSON object of header text to cell, or a list where the two differ."""
        names: list[str] = []
        for position, text in enumerate(self.header.texts):
            name = text or f"column {position + 1}"
            names.append(name if name not in names else f"{name} (column {position + 1})")
        wanted = self.cells.filter(pl.col("record_no").is_in(record_nos))
        found: dict[int, dict[str, str] | list[str]] = dict(self.ragged)
        found.update({row[0]: dict(zip(names, row[1:], strict=True)) for row in wanted.rows()})
        return [json.dumps(found[number], ensure_ascii=False) for number in record_nos]


def _plain(text: object) -> str:
    folded = unicodedata.normalize("NFKC", str(text or "")).replace("‖", "║").replace("||", "║")
    return re.sub(r"[\s\ufeff]+", "", folded).casefold()


def find_header(source: Source, rows: list[list[str]]) -> Header | None:
    """The first row that names every required column read from the file, among the declared number of first rows.

    Of several headers that serve one column, the one declared first is read; one may serve two columns (a date and its
    text).
    """
    columns = [column for column in source.entities[source.record_entity].columns if column.from_]
    required = {column.name for column in columns if column.required}
    known = {_plain(text) for column in columns for text in column.from_}
    for index, row in enumerate(rows[: source.table.header_rows]):
        row, n_rows = _with_second_row(row, rows[index + 1 :], known)
        first: dict[str, int] = {}
        for position, cell in enumerate(row):
            first.setdefault(_plain(cell), position)
        positions: dict[str, int] = {}
        for column in columns:
            named = [first[_plain(text)] for text in column.from_ if _plain(text) in first]
            if named:
                positions[column.name] = named[0]
        texts = [str(cell or "").strip().lstrip("\ufeff") for cell in row]
        values = _value_columns(source, texts, set(positions.values()))
        if required <= positions.keys() and len({*positions.values(), *values.values()}) >= 2:
            title = " ".join(cell for above in rows[:index] for cell in above if cell)
            ignored = frozenset(map(_plain, source.table.ignored_columns))
            return Header(index + n_rows - 1, texts, positions, title, values, ignored)
    return None


def _value_columns(source: Source, texts: list[str], taken: set[int]) -> dict[str, int]:
    """Positions of the columns that hold values of their own, by header text; the first of equal texts."""
    values: dict[str, int] = {}
    if source.table.value_columns is not None:
        for position, text in enumerate(texts):
            if position not in taken and re.fullmatch(source.table.value_columns, text):
                values.setdefault(text, position)
    return values


def _with_second_row(row: list[str], below: list[list[str]], known: set[str]) -> tuple[list[str], int]:
    """A header in two rows, read as one: 检验项目, 检验结果 and 标准值 may stand below one merged cell.

    The row below belongs to the header when every cell of it is blank or a declared header text.
    """
    if not below or not {_plain(cell) for cell in row} & known:
        return row, 1
    second = [below[0][i] if i < len(below[0]) else "" for i in range(len(row))]
    texts = {_plain(cell) for cell in second} - {""}
    if not texts or not texts <= known:
        return row, 1
    return [lower if _plain(lower) else upper for upper, lower in zip(row, second, strict=True)], 2


def _declared(header: Header, cells: pl.DataFrame) -> pl.DataFrame:
    """Text columns by declared name, and those of values by header text."""
    columns = {**header.positions, **{f"value:{text}": position for text, position in header.values.items()}}
    return cells.select("record_no", *[pl.nth(position + 1).alias(name) for name, position in columns.items()])


# --- CSV ------------------------------------------------------------------------------------------------------------


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
    found: list[CsvLayout] = []
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
        found.append(CsvLayout(delimiter, None, 0, max(len(row) for row in rows)))
    return found[0]


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

    With `careful` the csv module reads, which tells the rows that are broken. Without, Polars reads at thirty times
    the speed a file that DuckDB finds sound; raises DeliveryRefused when it is not.
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
        sound = thread.submit(_count_if_sound, path, layout)
        for piece in _whole_rows(path, layout.skip_lines):
            if _has_lone_return(piece):
                raise DeliveryRefused("has carriage returns within its rows")
            frame = pl.read_csv(piece, has_header=False, separator=layout.delimiter, schema=columns, encoding="utf8")
            n_read += len(frame)
            cells = _with_text(frame).with_row_index("record_no", offset=last + 1)
            last += len(cells)
            yield Batch(_context(_declared(header, cells), path.stem, header), cells, header)
    n_sound = sound.result()
    if n_sound is None:
        raise DeliveryRefused("has rows that are broken")
    if n_read != n_sound:
        raise DeliveryRefused(f"{n_read} rows read where {n_sound} were counted; quoting is inconsistent")


def _has_lone_return(piece: bytes) -> bool:
    """Whether a carriage return stands before anything but a line feed: it ends a row for some readers only."""
    text = np.frombuffer(piece, np.uint8)
    following = np.flatnonzero(text == ord("\r")) + 1
    return bool(len(following)) and bool(following[-1] == len(text) or (text[following] != ord("\n")).any())


def _whole_rows(path: Path, skip_lines: int) -> Iterator[bytes]:
    """The file behind its header, cut into pieces where a row ends."""
    with path.open("rb") as file:
        for _ in range(skip_lines):
            file.readline()
        rest = b""
        while block := file.read(PIECE_BYTES):
            rest = b"".join((rest, block, file.readline(_FIELD_BYTES)))
            cut = rest.rfind(b"\n") + 1
            # An odd number of quotes before a line's end: it lies within a cell.
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


def _context(rows: pl.DataFrame, sheet: str, header: Header) -> pl.DataFrame:
    return rows.with_columns(_sheet=pl.lit(sheet), _title=pl.lit(header.title))


def _count_if_sound(path: Path, layout: CsvLayout) -> int | None:
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
        cells = _cells(numbers, rows, layout.n_columns)
        broken = [
            (number, "columns", f"{len(row)} cells where the header has {layout.n_columns}")
            for number, row in ragged.items()
        ]
        yield Batch(
            _context(_declared(header, cells), path.stem, header),
            cells,
            header,
            pl.DataFrame(broken, schema=BROKEN_SCHEMA, orient="row"),
            ragged,
        )


def _cells(numbers: list[int], rows: list[list[str]], width: int) -> pl.DataFrame:
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    return pl.DataFrame(
        {"record_no": numbers, **{f"column {i}": list(cells) for i, cells in enumerate(columns)}},
        schema={"record_no": pl.Int64, **{f"column {i}": pl.String for i in range(width)}},
    )


def _without_header(path: Path, layout: CsvLayout) -> Iterator[Batch]:
    """Every row set apart: without a header no cell can be trusted to be what it looks like."""
    records = _rows_with_text(path, layout)
    header = Header(0, [], {}, "")
    none = pl.DataFrame(schema={"record_no": pl.Int64})
    while taken := list(itertools.islice(records, BATCH_ROWS)):
        broken = [(number, "header", "no row of the file names the declared columns") for number, _ in taken]
        yield Batch(none, none, header, pl.DataFrame(broken, schema=BROKEN_SCHEMA, orient="row"), dict(taken))


# --- workbooks ------------------------------------------------------------------------------------------------------


def read_workbook(path: Path, source: Source) -> Iterator[Batch]:
    """One batch per table of a sheet; record numbers run on from table to table and from sheet to sheet.

    A sheet may hold several tables one below the other, each with a header and titles of its own. Merged cells are
    filled when the declaration says so. Sheets without a header are left out, and named.
    Raises DeliveryRefused when no sheet has the declared header, or the file cannot be opened.
    """
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        names = workbook.sheet_names
        sheets = [(name, _sheet_rows(workbook, name, source.table.merged_cells == "fill")) for name in names]
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise DeliveryRefused(f"not a readable workbook: {str(error).splitlines()[0]}; fetch it again") from error
    if not any(cell for _, rows in sheets for row in rows for cell in row):
        raise DeliveryRefused("empty workbook; ask the publisher for it again")
    last = 0
    found: list[Batch] = []
    left_out: list[str] = []
    for name, rows in sheets:
        tables = list(_tables(source, rows))
        if not tables and any(cell.strip() for row in rows for cell in row):
            left_out.append(name)
        for header, body in tables:
            cells = _cells(list(range(last + 1, last + 1 + len(body))), body, len(header.texts))
            last += len(body)
            declared = _context(_declared(header, cells), name, header).with_columns(_file=pl.lit(path.stem))
            found.append(Batch(declared, cells, header))
    if not found:
        raise DeliveryRefused(f"no sheet names the columns {_required(source)}; add the header to sources/{source.id}")
    found[0].left_out = left_out
    yield from found


_MOST_TITLES = 3
_FOOTNOTE = re.compile(r"^\s*(?:备注|注|说明)\s*[:：]?")


def _tables(source: Source, rows: list[list[str]]) -> Iterator[tuple[Header, list[list[str]]]]:
    """Header and rows with text of each table of a sheet; a further table's titles stand directly above its header."""
    header = find_header(source, rows)
    known = {text for column in source.entities[source.record_entity].columns for text in column.from_}
    while header is not None:
        width, start = len(header.texts), header.row + 1
        named = (index for index in range(start, len(rows)) if not known.isdisjoint(rows[index]))
        at = next((index for index in named if find_header(source, rows[index : index + 1])), None)
        end, following = len(rows), None
        if at is not None and (found := find_header(source, rows[at : at + 2])):
            end = at
            while end > max(start, at - _MOST_TITLES) and _is_title(rows[end - 1]):
                end -= 1
            title = " ".join(cell for row in rows[end:at] for cell in row if cell)
            following = Header(at + found.row, found.texts, found.positions, title or header.title)
        yield header, [(row + [""] * width)[:width] for row in rows[start:end] if any(cell.strip() for cell in row)]
        header = following


def _is_title(row: list[str]) -> bool:
    texts = {cell.strip() for cell in row} - {""}
    return len(texts) <= 1 and not any(_FOOTNOTE.match(text) for text in texts)


def _required(source: Source) -> str:
    entity = source.entities[source.record_entity]
    return ", ".join(f"{c.name} ({c.from_[0]})" for c in entity.columns if c.required and c.from_)


def header_missing(source: Source) -> DeliveryRefused:
    """The refusal of a table whose header does not name the required columns."""
    return DeliveryRefused(f"no header names {_required(source)}; wrong file, or add its header to the declaration")


def _sheet_rows(workbook: python_calamine.CalamineWorkbook, name: str, fill: bool) -> list[list[str]]:
    sheet = workbook.get_sheet_by_name(name)
    rows = [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    for (top, left), (bottom, right) in (sheet.merged_cell_ranges or []) if fill else []:
        if top >= len(rows):
            continue
        value = rows[top][left] if left < len(rows[top]) else ""
        for row in rows[top : bottom + 1]:
            # Continuation rows repeat the sample; a title spread over columns stays one cell.
            if left < len(row):
                row[left] = value
            if top != bottom:
                for column in range(left + 1, min(right + 1, len(row))):
                    row[column] = value
    return rows


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value)
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time() | timedelta():
            return str(value)
        case _:
            return str(value)
