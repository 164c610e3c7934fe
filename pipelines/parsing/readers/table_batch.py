"""A batch of rows of a table file, as declared columns of text."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import polars as pl

from pipelines.contract.check import BROKEN_SCHEMA
from pipelines.parsing.readers.table_header import Header


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
        records: dict[int, dict[str, str] | list[str]] = dict(self.ragged)
        records.update({row[0]: dict(zip(names, row[1:], strict=True)) for row in wanted.rows()})
        return [json.dumps(records[number], ensure_ascii=False) for number in record_nos]


def declared_columns(header: Header, cells: pl.DataFrame) -> pl.DataFrame:
    """Text columns by declared name, and those of values by header text."""
    columns = {**header.positions, **{f"value:{text}": position for text, position in header.values.items()}}
    return cells.select("record_no", *[pl.nth(position + 1).alias(name) for name, position in columns.items()])


def context_columns(rows: pl.DataFrame, sheet: str, header: Header) -> pl.DataFrame:
    """The rows with the name of their sheet (`_sheet`) and the title above their table (`_title`)."""
    return rows.with_columns(_sheet=pl.lit(sheet), _title=pl.lit(header.title))


def cells_frame(numbers: list[int], rows: list[list[str]], width: int) -> pl.DataFrame:
    """Cells as text columns, with `record_no`; `width` is the number of columns."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    return pl.DataFrame(
        {"record_no": numbers, **{f"column {i}": list(cells) for i, cells in enumerate(columns)}},
        schema={"record_no": pl.Int64, **{f"column {i}": pl.String for i in range(width)}},
    )
