"""The received files of a home, opened by plain means."""

from __future__ import annotations

import csv
import gzip
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from opencc import OpenCC
from python_calamine import CalamineWorkbook

ROOT = Path(__file__).resolve().parents[2]
_ENCODINGS = ("utf-8-sig", "gb18030", "big5")
_SIMPLIFIED = OpenCC("t2s")
_MONTH_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
NOTHING = frozenset({"", "/", "-", "--", "---", "—", "——", "无", "…"})


@dataclass(frozen=True)
class File:
    """One plain file: its delivery, the name it was received under (of an archive its own), and its bytes."""

    delivery: str
    name: str
    content: bytes

    @property
    def stem(self) -> str:
        return Path(self.name).stem

    def text(self) -> str:
        for encoding in _ENCODINGS:
            try:
                return self.content.decode(encoding)
            except UnicodeDecodeError:
                continue
        raise ValueError(f"{self.name}: in none of {_ENCODINGS}")


@dataclass(frozen=True)
class Sheet:
    """Rows of cells of a CSV file or a sheet, with the delivery, file and sheet they are in."""

    delivery: str
    file: str
    name: str
    rows: list[list[str]]


def received(home: Path, source: str, *suffixes: str) -> list[File]:
    """Every file of a source as archived, unpacked, with one of the suffixes; each delivery once."""
    found = []
    for folder in sorted((home / "archive" / source).glob("*")):
        for path in folder.iterdir():
            if path.name != "delivery.json":
                found += _unpacked(folder.name, path.name, path.read_bytes())
    return [file for file in found if file.name.lower().endswith(suffixes)]


def _unpacked(delivery: str, name: str, content: bytes) -> list[File]:
    if name.lower().endswith(".gz"):
        return [File(delivery, name[:-3], gzip.decompress(content))]
    if name.lower().endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [File(delivery, member, archive.read(member)) for member in archive.namelist()]
    return [File(delivery, name, content)]


def sheets(home: Path, source: str) -> Iterator[Sheet]:
    """Every table of a source's CSV files and workbooks; a merged cell's text stands in each row it covers."""
    for file in received(home, source, ".csv", ".tsv", ".xlsx", ".xls"):
        if file.name.lower().endswith((".csv", ".tsv")):
            text = file.text()
            delimiter = max(",;\t", key=text[:4000].count)
            rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
            yield Sheet(file.delivery, file.stem, file.stem, rows)
            continue
        book = CalamineWorkbook.from_filelike(io.BytesIO(file.content))
        for name in book.sheet_names:
            yield Sheet(file.delivery, file.stem, name, _filled(book, name))


def _filled(book: CalamineWorkbook, name: str) -> list[list[str]]:
    sheet = book.get_sheet_by_name(name)
    rows = [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or []:
        for row in rows[top + 1 : bottom + 1]:
            row[left] = rows[top][left]
    return [row for row in rows if any(row)]


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def records(sheet: Sheet, columns: Mapping[str, Sequence[str]], needed: Sequence[str]) -> Iterator[dict[str, str]]:
    """The rows below each header of a sheet, by our names of the columns; `columns` gives the header texts of each.

    A header is a row that names all `needed` columns; it may go on in the row below. `_title` is what stands above it,
    `_order` the place of a row among all, other header texts keep their own name.
    """
    names = {plain(text): name for name, texts in columns.items() for text in texts}
    header: list[str] | None = None
    title: list[str] = []
    last_title = ""
    for order, row in enumerate(sheet.rows):
        here = [names.get(plain(cell), cell.strip()) for cell in row]
        if set(needed) <= set(here):
            header, last_title, title = here, " ".join(title) or last_title, []
            continue
        told = {cell for cell in row if cell.strip()}
        if header is None:
            title += sorted(told)
            continue
        # A line of one text may be the title of a table that follows in the same sheet.
        title = [*title, *told] if len(told) == 1 else []
        if told and all(plain(cell) in names for cell in told):
            # The header's second row: 检验项目, 检验结果, 标准值 below one cell.
            header = [new if old.strip() else head for new, old, head in zip(here, row, header, strict=True)]
            continue
        cells = dict(zip(reversed(header), reversed([cell.strip() for cell in row]), strict=False))
        yield {**cells, "_title": last_title, "_order": str(order), "_sheet": sheet.name, "_file": sheet.file}


def plain(text: str) -> str:
    """Text without width, script, spaces and case."""
    return re.sub(r"\s", "", _SIMPLIFIED.convert(unicodedata.normalize("NFKC", text))).casefold()


def told(text: str | None) -> str | None:
    """The text of a cell, None where it is empty or one of the signs for nothing."""
    return None if text is None or text.strip() in NOTHING else text.strip()


def day(text: str | None) -> date | None:
    """The complete day in a text: 20240516, 2024-05-16, 2024年5月16日, 113.05.16 (Taiwan), May 16, 2024."""
    if text is None:
        return None
    words = re.fullmatch(r"([A-Za-z]{3})\w* (\d{1,2}), (\d{4})", text.strip())
    if words and words[1].lower() in _MONTHS:
        return _date(int(words[3]), _MONTHS[words[1].lower()], int(words[2]))
    digits = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text.strip()) or re.match(
        r"(\d{2,4})\D(\d{1,2})\D(\d{1,2})", text.strip()
    )
    if digits is None:
        return None
    year = int(digits[1])
    return _date(year + 1911 if year < 200 else year, int(digits[2]), int(digits[3]))


def is_no_day(text: str | None) -> bool:
    """Whether a text is written as a complete day that no calendar has (2024-13-41), which quarantines its row."""
    return bool(text and re.match(r"\d{4}(?:\D\d{1,2}\D\d{1,2}|\d{4}$)", text.strip()) and day(text) is None)


def _date(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None


def reference(name: str) -> list[dict[str, str]]:
    """A table of reference that the project carries, by its file's name."""
    with (ROOT / "dbt_project" / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
