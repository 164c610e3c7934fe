"""Where header and records of a CSV file or workbook are."""

from __future__ import annotations

import csv
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import python_calamine

from pipelines.errors import UsageError, first_line
from pipelines.onboarding.layout import Layout, Place
from pipelines.parsing.encoding import detect

_HEADER_ROWS = 20
_ROWS_LOOKED_AT = 60
_DELIMITERS = ",;\t|"
_ENCODINGS = ["utf-8", "gb18030", "big5"]
_DATA_CELL = re.compile(r"[\d\s.,:%/+-]*\d[\d\s.,:%/+-]*|[/—-]+|\d{4}年.*日")
# A year may head a column of values.
_YEAR = re.compile(r"(?:19|20)\d\d")


def csv_layout(path: Path) -> Layout:
    """The layout of a CSV file: encoding, delimiter and header. Raises UsageError where none is found."""
    encoding = detect(path, _ENCODINGS)
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, errors="replace", newline="") as file:
        lines = list(itertools.islice(file, _ROWS_LOOKED_AT + 200))
    by_delimiter = [
        list(itertools.islice(csv.reader(lines, delimiter=delimiter), _ROWS_LOOKED_AT)) for delimiter in _DELIMITERS
    ]
    # The delimiter is the one under which most rows have the same number of cells, and of those the most cells.
    return _table_layout(path, max(by_delimiter, key=_agreement), [encoding])


def _agreement(rows: list[list[str]]) -> tuple[bool, float, int]:
    widths = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
    width, n_rows = max(widths.items(), key=lambda item: (item[0] > 1, item[1], item[0]), default=(0, 0))
    return width > 1, n_rows / max(1, widths.total()), width


def workbook_layout(path: Path) -> Layout:
    """The layout of a workbook: the header of its first sheet that has one. Raises UsageError where none has."""
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        sheets = [
            workbook.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=_ROWS_LOOKED_AT)
            for name in workbook.sheet_names
        ]
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise UsageError(f"{path}: not a readable workbook: {first_line(error)}") from error
    for rows in sheets:
        # What is no text in a workbook is a value, not a header.
        texts = [[cell if isinstance(cell, str) else str(cell or 0) for cell in row] for row in rows]
        if any(cell.strip() for row in rows for cell in row if isinstance(cell, str)):
            return _table_layout(path, texts, [])
    raise UsageError(f"{path}: empty workbook; take one that has records")


def _table_layout(path: Path, rows: list[list[str]], encodings: list[str]) -> Layout:
    width = _agreement(rows)[2]
    if width < 2:
        raise UsageError(f"{path}: no table of two columns or more; name a CSV, XLSX, JSON or XML file")
    at = next((i for i, row in enumerate(rows[:_HEADER_ROWS]) if _is_header(row, width)), None)
    if at is None:
        raise UsageError(f"{path}: none of its first {_HEADER_ROWS} rows is a header; put one above the data")
    texts = [cell.strip().lstrip("\ufeff").strip() for cell in rows[at]]
    folded = [_folded(text) for text in texts]
    columns, left_out, ignored = list[str](), list[str](), list[str]()
    for place, text in enumerate(texts):
        if not folded[place]:
            left_out.append(f"column {place + 1} has no header text")
        elif folded[place] in folded[:place]:
            left_out.append(f"column {place + 1} has the header of an earlier one ({text}); the first is read")
            ignored.append(text)
        else:
            columns.append(text)
    table: dict[str, Any] = {}
    if at:
        table["header_rows"] = at + 1
    if ignored:
        table["ignored_columns"] = ignored
    sections = {"table": table} if table else {}
    return Layout("table", [Place("record", columns)], sections, encodings, left_out)


def _is_header(row: Sequence[str], width: int) -> bool:
    """Whether a row of the table's width holds texts that differ, none of which is a number or a date."""
    texts = [_folded(cell) for cell in row]
    filled = [text for text in texts if text]
    if len(row) < width or len(filled) < max(2, 0.5 * width):
        return False
    n_data = sum(bool(_DATA_CELL.fullmatch(text)) and not _YEAR.fullmatch(text) for text in filled)
    return len(set(filled)) >= 0.9 * len(filled) and n_data <= 0.1 * len(filled)


def _folded(text: str) -> str:
    return re.sub(r"[\s\ufeff]+", "", unicodedata.normalize("NFKC", text)).casefold()
