"""The same tables of a USPTO file with lxml's iterparse, the usual way without xml2arrow."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from lxml import etree

from benchmarks.xml_tables import USPTO

# The lists of a case file, and the table for the entries of each.
_LISTS = {
    "case-file-event-statements": "event",
    "case-file-owners": "owner",
    "case-file-statements": "statement",
    "madrid-international-filing-requests": "madrid_filing",
}
_FIELDS = {table.name: [field.rsplit("/", 1)[1] for field in table.fields] for table in USPTO}
_NATIONALITY = {"country": "nationality/country", "state": "nationality/state"}

Row = tuple[object, ...]


def extract(path: Path) -> dict[str, pl.DataFrame]:
    """Every table of the file, with the international classes; record numbers start at 1."""
    rows: dict[str, list[Row]] = {name: [] for name in _FIELDS}
    cases = etree.iterparse(str(path), tag="case-file", resolve_entities=False, load_dtd=False)
    for number, (_, case) in enumerate(cases, 1):
        values: dict[str, str | None] = {}
        for part in case:
            match part.tag:
                case "case-file-header" | "international-registration":
                    for element in part:
                        values[str(element.tag)] = element.text
                case "classifications":
                    _classes(part, number, rows["classification"])
                case tag if tag in _LISTS:
                    _entries(part, number, _LISTS[str(tag)], rows)
                case tag:
                    values[str(tag)] = part.text
        rows["case_file"].append((number, *map(values.get, _FIELDS["case_file"])))
        case.clear()
        while case.getprevious() is not None:
            del case.getparent()[0]
    return {name: _table(table_rows) for name, table_rows in rows.items() if table_rows}


def _entries(part: etree._Element, number: int, table: str, rows: dict[str, list[Row]]) -> None:
    fields = _FIELDS[table]
    if table == "owner":
        fields = ["entry-number", "party-type", *_NATIONALITY.values(), *fields[4:]]
    for item, entry in enumerate(part, 1):
        values: dict[str, str | None] = {}
        for element in entry:
            if element.tag == "nationality":
                for inner in element:
                    values[_NATIONALITY[str(inner.tag)]] = inner.text
            else:
                values[str(element.tag)] = element.text
        rows[table].append((number, item, *map(values.get, fields)))


def _classes(part: etree._Element, number: int, rows: list[Row]) -> None:
    for classification in part:
        codes: list[str | None] = []
        values: dict[str, str | None] = {}
        for element in classification:
            if element.tag == "international-code":
                codes.append(element.text)
            else:
                values[str(element.tag)] = element.text
        single = [values.get(field) for field in _FIELDS["classification"]]
        rows.extend((number, item, code, *single) for item, code in enumerate(codes, 1))


def _table(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame({f"column_{number}": list(column) for number, column in enumerate(zip(*rows, strict=True))})
