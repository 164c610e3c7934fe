"""The rows of a CSV file in which people decide about enterprises, and the parties named in them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.errors import UsageError

_CODE_SHAPE = r"^(?:[0-9A-Z]{18}|[0-9]{15})$"


@dataclass(frozen=True)
class Party:
    """One side of a decision: an enterprise by its credit code, or by a name in any spelling."""

    uscc: str | None
    name: str | None
    name_key: str | None

    @property
    def identity(self) -> str:
        """The same text for two parties that are one, however they are written."""
        return f"USCC:{self.uscc}" if self.uscc else f"NAME:{self.name_key}"


def read_rows(path: Path, columns: list[str]) -> list[tuple[int, dict[str, str]]]:
    """(line, cells) of each row; none without the file.

    Raises UsageError naming the file and line where the header is another or a cell is empty.
    """
    if not path.exists():
        return []
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8: {error.reason} at byte {error.start}; save it as UTF-8") from error
    reader = csv.reader(content.splitlines(), strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        header = next(reader, [])
        if header != columns:
            raise UsageError(f"{path}:1: the header is {','.join(header)}; write {','.join(columns)}")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            line = f"{path}:{reader.line_num}"
            if len(cells) != len(columns):
                raise UsageError(
                    f"{line}: {len(cells)} cells where the header has {len(columns)}; quote a cell with a comma"
                )
            row = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
            empty = [name for name in columns if not row[name]]
            if empty:
                raise UsageError(f"{line}: {empty[0]} is empty; every column is required")
            rows.append((reader.line_num, row))
    except csv.Error as error:
        raise UsageError(f"{path}:{reader.line_num}: {error}; see sources/README.md") from error
    return rows


def read_parties(path: Path, written: list[tuple[int, str]]) -> list[Party]:
    """The party of each (line, cell), in order.

    Raises UsageError naming the file and line of a cell that is neither a valid credit code nor a name.
    """
    # The hash of a build's inputs imports this module, and needs nothing that reads names.
    import polars as pl

    from pipelines.contract.credit_codes import uscc_is_valid
    from pipelines.contract.names import name_keys, normalised

    names = normalised(pl.Series([text for _, text in written], dtype=pl.String))
    keys = name_keys(names)
    codes = names.str.to_uppercase()
    are_codes = codes.str.contains(_CODE_SHAPE) & codes.str.contains("[0-9]{4}")
    are_valid = uscc_is_valid(codes)
    parties = []
    for (line, text), name, key, code, is_code, is_valid in zip(
        written, names, keys, codes, are_codes, are_valid, strict=True
    ):
        if is_code and not is_valid:
            raise UsageError(f"{path}:{line}: {text} is not a valid credit code; check its digits")
        if not is_code and key is None:
            raise UsageError(f"{path}:{line}: {text} is neither a credit code nor a name; write one of them")
        parties.append(Party(code, None, None) if is_code else Party(None, name, key))
    return parties


def read_day(line: str, text: str) -> date:
    """The day that a cell states. Raises UsageError naming the line, which is the file's path and a number."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{line}: date {text}: write it as 2024-05-16") from error
