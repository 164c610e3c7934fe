"""Reading the sheets of a workbook in batches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import python_calamine

from pipelines.contract.declarations import Source
from pipelines.contract.refusal import DeliveryRefused
from pipelines.errors import first_line
from pipelines.parsing.readers.table_batch import Batch, cells_frame, context_columns, declared_columns
from pipelines.parsing.readers.table_header import Header, find_header, required_headers


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
        raise DeliveryRefused(f"not a readable workbook: {first_line(error)}; fetch it again") from error
    if not any(cell for _, rows in sheets for row in rows for cell in row):
        raise DeliveryRefused("empty workbook; ask the publisher for it again")
    last = 0
    batches: list[Batch] = []
    left_out: list[str] = []
    for name, rows in sheets:
        tables = list(_tables(source, rows))
        if not tables and any(cell.strip() for row in rows for cell in row):
            left_out.append(name)
        for header, body in tables:
            cells = cells_frame(list(range(last + 1, last + 1 + len(body))), body, len(header.texts))
            last += len(body)
            declared = context_columns(declared_columns(header, cells), name, header).with_columns(
                _file=pl.lit(path.stem)
            )
            batches.append(Batch(declared, cells, header))
    if not batches:
        raise DeliveryRefused(
            f"no sheet names the columns {required_headers(source)}; add the header to sources/{source.id}"
        )
    batches[0].left_out = left_out
    yield from batches


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
