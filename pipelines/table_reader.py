"""Readers of tables: CSV streaming through Polars, workbooks through python-calamine, both as text columns.

Columns are found by the declared header texts, so that offices may name and order them as they like. A CSV that DuckDB
finds structurally sound is read by Polars in batches; one with broken rows is read by the csv module, which can tell
which rows those are.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import duckdb
import polars as pl
import python_calamine

from pipelines.contract import BROKEN_SCHEMA
from pipelines.declarations import Source
from pipelines.xml_reader import DeliveryRefused

BATCH_ROWS = 100_000
_SAMPLE_BYTES = 1 << 20
_DELIMITERS = ",;\t|"
WORKBOOK_SUFFIXES = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")


@dataclass(frozen=True)
class Header:
    """Where a table's header lies and what its columns are: `names` per position, None for one nobody declared."""

    row: int
    texts: list[str]
    names: list[str | None]
    title: str

    @property
    def unknown(self) -> list[str]:
        return [text for text, name in zip(self.texts, self.names, strict=True) if name is None and text]


@dataclass
class Batch:
    """Rows read: declared columns as text by position of first meaning, `record_no`, `_sheet`, `_title`."""

    rows: pl.DataFrame
    cells: pl.DataFrame
    header: Header
    broken: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BROKEN_SCHEMA))

    def raw(self, record_nos: list[int]) -> list[str]:
        """The records as received: a JSON object of header text to cell."""
        wanted = self.cells.filter(pl.col("record_no").is_in(record_nos)).sort("record_no").drop("record_no")
        names = [text or f"column {i + 1}" for i, text in enumerate(self.header.texts)]
        return [
            json.dumps(dict(zip(names, row, strict=False)), ensure_ascii=False)
            if len(row) == len(names)
            else json.dumps(list(row), ensure_ascii=False)
            for row in wanted.rows()
        ]


def _plain(text: object) -> str:
    folded = unicodedata.normalize("NFKC", str(text or "")).replace("‖", "║").replace("||", "║")
    return re.sub(r"[\s\ufeff]+", "", folded).casefold()


def find_header(source: Source, rows: list[list[str]]) -> Header | None:
    """The first row that names every required column read from the file, among the declared number of first rows."""
    entity = source.entities[source.record_entity]
    names: dict[str, list[str]] = {}
    for column in entity.columns:
        for text in column.from_:
            names.setdefault(_plain(text), []).append(column.name)
    required = {c.name for c in entity.columns if c.required and c.from_}
    for index, row in enumerate(rows[: source.table.header_rows]):
        found = [names.get(_plain(cell), []) for cell in row]
        present = {name for group in found for name in group}
        if required <= present and len([group for group in found if group]) >= 2:
            title = " ".join(cell for above in rows[:index] for cell in above if cell)
            texts = [str(cell or "").strip().lstrip("\ufeff") for cell in row]
            return Header(index, texts, [group[0] if group else None for group in found], title)
    return None


def _declared(source: Source, header: Header, cells: pl.DataFrame) -> pl.DataFrame:
    """Text columns by declared name; one cell may serve two columns (a date and its text)."""
    entity = source.entities[source.record_entity]
    position: dict[str, int] = {}
    for index, text in enumerate(header.texts):
        for column in entity.columns:
            if column.name not in position and any(_plain(text) == _plain(f) for f in column.from_):
                position[column.name] = index
    return cells.select("record_no", *[pl.nth(i + 1).alias(name) for name, i in position.items()])


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

    Raises DeliveryRefused for an empty file or one that is no text.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    if not sample.strip():
        raise DeliveryRefused("empty file; ask the publisher for it again")
    text = sample.decode("utf-8-sig", errors="replace")
    if "\0" in text:
        raise DeliveryRefused("holds binary data, not CSV text; wrong file or wrong folder")
    complete = text.splitlines(keepends=True)[: source.table.header_rows + 200]
    first = next(line for line in complete if line.strip())
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(complete, delimiter=delimiter)
    rows: list[list[str]] = []
    ends: list[int] = []
    for row in reader:
        rows.append(row)
        ends.append(reader.line_num)
        if len(rows) > source.table.header_rows:
            break
    header = find_header(source, rows)
    if header is None:
        return CsvLayout(delimiter, None, 0, max(len(row) for row in rows))
    return CsvLayout(delimiter, header, ends[header.row], len(header.texts))


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
    if len(cells) < layout.n_columns or last.count('"') % 2:
        raise DeliveryRefused(f"truncated: ends inside a record ('{last[-40:]}'); fetch it again")


def read_csv(path: Path, source: Source, layout: CsvLayout) -> Iterator[Batch]:
    """Batches of a UTF-8 CSV file in file order, blank lines left out, numbered from 1."""
    if layout.header is None:
        yield from _read_without_header(path, layout)
        return
    n_sound = _count_if_sound(path, layout)
    if n_sound is None:
        yield from _read_rows(path, source, layout, layout.header)
        return
    names = [f"column {i}" for i in range(layout.n_columns)]
    frames = pl.scan_csv(
        path,
        has_header=False,
        skip_lines=layout.skip_lines,
        separator=layout.delimiter,
        schema=dict.fromkeys(names, pl.String),
        row_index_name="record_no",
        row_index_offset=1,
        encoding="utf8",
    ).collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)
    n_read = 0
    for cells in frames:
        n_read += len(cells)
        yield Batch(_context(_declared(source, layout.header, cells), path.stem, layout.header), cells, layout.header)
    if n_read != n_sound:
        raise DeliveryRefused(f"{n_read} rows read where {n_sound} were counted; quoting is inconsistent")


def _context(rows: pl.DataFrame, sheet: str, header: Header) -> pl.DataFrame:
    return rows.with_columns(_sheet=pl.lit(sheet), _title=pl.lit(header.title))


def _count_if_sound(path: Path, layout: CsvLayout) -> int | None:
    """The number of rows, or None if any has another number of cells than the header, is blank or is badly quoted."""
    columns = {f"c{i}": "VARCHAR" for i in range(layout.n_columns)}
    with duckdb.connect(config={"threads": 2}) as connection:
        try:
            rows = connection.execute(
                "select count(*) from read_csv(?, delim = ?, quote = '\"', escape = '\"', header = false, skip = ?, "
                "auto_detect = false, columns = ?, store_rejects = true, max_line_size = 16777216, null_padding = false)",
                [str(path), layout.delimiter, layout.skip_lines, columns],
            ).fetchall()
            rejects = connection.execute("select count(*) from reject_errors").fetchall()
        except duckdb.Error:
            return None
    if rejects[0][0]:
        return None
    return int(rows[0][0])


def _read_rows(path: Path, source: Source, layout: CsvLayout, header: Header) -> Iterator[Batch]:
    number, rows, numbers, broken = 0, list[list[str]](), list[int](), list[tuple[int, str, str]]()
    ragged: list[tuple[int, list[str]]] = []

    def batch() -> Batch:
        cells = _cells(numbers, rows, layout.n_columns)
        made = Batch(_context(_declared(source, header, cells), path.stem, header), cells, header)
        made.broken = pl.DataFrame(broken, schema=BROKEN_SCHEMA, orient="row")
        if ragged:
            raw = pl.DataFrame(
                {
                    "record_no": [n for n, _ in ragged],
                    "column 0": [json.dumps(r, ensure_ascii=False) for _, r in ragged],
                },
                schema={"record_no": pl.Int64, "column 0": pl.String},
            )
            made.cells = pl.concat([cells, raw], how="diagonal")
        return made

    csv.field_size_limit(16 << 20)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for _ in range(layout.skip_lines):
            file.readline()
        for row in csv.reader((line.replace("\0", "\ufffd") for line in file), delimiter=layout.delimiter):
            if not any(cell.strip() for cell in row):
                continue
            number += 1
            while len(row) > layout.n_columns and not row[-1].strip():
                row.pop()
            if len(row) == layout.n_columns:
                numbers.append(number)
                rows.append(row)
            else:
                broken.append((number, "columns", f"{len(row)} cells where the header has {layout.n_columns}"))
                ragged.append((number, row))
            if len(rows) + len(ragged) >= BATCH_ROWS:
                yield batch()
                rows, numbers, broken, ragged = [], [], [], []
    if rows or ragged:
        yield batch()


def _cells(numbers: list[int], rows: list[list[str]], width: int) -> pl.DataFrame:
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    return pl.DataFrame(
        {"record_no": numbers, **{f"column {i}": list(cells) for i, cells in enumerate(columns)}},
        schema={"record_no": pl.Int64, **{f"column {i}": pl.String for i in range(width)}},
    )


def _read_without_header(path: Path, layout: CsvLayout) -> Iterator[Batch]:
    """Every row set apart: without a header no cell can be trusted to be what it looks like."""
    csv.field_size_limit(16 << 20)
    with path.open(encoding="utf-8-sig", newline="") as file:
        kept = [row for row in csv.reader(file, delimiter=layout.delimiter) if any(cell.strip() for cell in row)]
    header = Header(0, ["record"], [None], "")
    cells = pl.DataFrame(
        {"record_no": range(1, len(kept) + 1), "column 0": [json.dumps(r, ensure_ascii=False) for r in kept]},
        schema={"record_no": pl.Int64, "column 0": pl.String},
    )
    yield Batch(cells.select("record_no").clear(), cells, header, _headerless(cells["record_no"]))


def _headerless(record_nos: pl.Series) -> pl.DataFrame:
    return pl.DataFrame(
        {"record_no": record_nos, "rule": ["header"], "detail": ["no row of the file names the declared columns"]}
        if len(record_nos) == 1
        else {
            "record_no": record_nos,
            "rule": ["header"] * len(record_nos),
            "detail": ["no row of the file names the declared columns"] * len(record_nos),
        },
        schema=BROKEN_SCHEMA,
    )


# --- workbooks ------------------------------------------------------------------------------------------------------


def read_workbook(path: Path, source: Source) -> Iterator[Batch]:
    """One batch per sheet that has a header; record numbers run on from sheet to sheet.

    Merged cells are filled when the declaration says so. Sheets without a header are left out unless none has one.
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
    found = False
    for name, rows in sheets:
        header = find_header(source, rows)
        if header is None:
            continue
        found = True
        width = len(header.texts)
        body = [(row + [""] * width)[:width] for row in rows[header.row + 1 :] if any(cell.strip() for cell in row)]
        cells = _cells(list(range(last + 1, last + 1 + len(body))), body, width)
        last += len(body)
        yield Batch(_context(_declared(source, header, cells), name, header), cells, header)
    if not found:
        raise DeliveryRefused(f"no sheet names the columns {_required(source)}; add the header to sources/{source.id}")


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
