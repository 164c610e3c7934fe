"""Finding the header row of a table file."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from pipelines.contract.declarations import Source
from pipelines.contract.refusal import DeliveryRefused


@dataclass(frozen=True)
class Header:
    """Where a table's header is, and the position of each declared column that it names.

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


def required_headers(source: Source) -> str:
    """The required columns with a header text of each, for an error line."""
    entity = source.entities[source.record_entity]
    return ", ".join(f"{c.name} ({c.from_[0]})" for c in entity.columns if c.required and c.from_)


def header_missing(source: Source) -> DeliveryRefused:
    """The refusal of a table whose header does not name the required columns."""
    return DeliveryRefused(
        f"no header names {required_headers(source)}; wrong file, or add its header to the declaration"
    )
