"""How an unknown file lies: its format, where its records are, and what each of them holds.

Only the structure is found here. It is read from the whole file where one element may break it (XML, JSON), and from
the first rows where a header is searched; always in bounded memory.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import python_calamine
from lxml import etree

from pipelines.declarations import Source
from pipelines.encoding import detect
from pipelines.home import UsageError
from pipelines.json_reader import LINE_SUFFIXES, Surroundings, pieces
from pipelines.refusal import DeliveryRefused
from pipelines.table_reader import WORKBOOK_SUFFIXES

_HEAD_BYTES = 1 << 20
_HEADER_ROWS = 20
_ROWS_LOOKED_AT = 60
_DELIMITERS = ",;\t|"
_ENCODINGS = ["utf-8", "gb18030", "big5"]
_DATA_CELL = re.compile(r"[\d\s.,:%/+-]*\d[\d\s.,:%/+-]*|[/—-]+|\d{4}年.*日")
# A year may head a column of values.
_YEAR = re.compile(r"(?:19|20)\d\d")
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+', re.S)
_JSON_SCALAR = '"(?:BOOLEAN|U?BIGINT|U?HUGEINT|DOUBLE)"'
_ADDRESSABLE = re.compile(r"[^./~]+")
# A group of which nearly everything lies in one repeated element only wraps the records.
_WRAPPER_SHARE = 0.9
_WRAPPER_LEAVES = 2


@dataclass(frozen=True)
class Place:
    """An entity as found: `name` as the file calls it, where each column is read, and how many rows were met."""

    name: str
    columns: list[str]
    rows: str | None = None
    repeated: str | None = None
    siblings: bool = False
    n_met: int | None = None


@dataclass(frozen=True)
class Layout:
    """Format, entities (the record first), the sections of a declaration that say where they lie, and what could not
    be declared, in words."""

    format: str
    places: list[Place]
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    encodings: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def layout_of(path: Path) -> Layout:
    """The layout of a CSV, workbook, JSON, JSON-lines or XML file.

    Raises UsageError for a file that cannot be read, is empty, or has no records that a declaration could name.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}; name a file of the feed") from error
    if not head.strip():
        raise UsageError(f"{path}: empty file; take one that has records")
    suffix = path.suffix.lower()
    opening = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    try:
        if suffix in WORKBOOK_SUFFIXES:
            return _workbook_layout(path)
        if suffix in (".gz", ".zip"):
            raise UsageError(f"{path}: is packed; unpack it and name one of its files")
        if opening == b"<" or head.startswith((b"\xff\xfe<", b"\xfe\xff\x00<")):
            return _xml_layout(path)
        if opening in (b"{", b"["):
            return _json_layout(path)
        if b"\0" in head:
            raise UsageError(f"{path}: holds binary data; name a CSV, XLSX, JSON or XML file")
        return _csv_layout(path)
    except DeliveryRefused as refusal:
        raise UsageError(f"{path}: {refusal}") from refusal


# --- tables ---------------------------------------------------------------------------------------------------------


def _csv_layout(path: Path) -> Layout:
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


def _workbook_layout(path: Path) -> Layout:
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        sheets = [
            workbook.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=_ROWS_LOOKED_AT)
            for name in workbook.sheet_names
        ]
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise UsageError(f"{path}: not a readable workbook: {str(error).splitlines()[0]}") from error
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


# --- JSON -----------------------------------------------------------------------------------------------------------


def _json_layout(path: Path) -> Layout:
    by_lines = path.suffix.lower() in LINE_SUFFIXES or _has_lines(path)
    records = "" if by_lines else _records_path(path)
    raw = {"format": "jsonl" if by_lines else "json", "records": records}
    structure = _json_structure(path, _structure_source(raw))
    columns, places, ignored, left_out = list[str](), list[Place](), list[str](), list[str]()
    for place, kind in _flat(structure):
        problem = None
        if not all(_ADDRESSABLE.fullmatch(step) for step in place):
            problem = "its name holds a character that paths are made of"
        elif isinstance(kind, list):
            inner = kind[0] if kind else "NULL"
            if inner in ("NULL", "JSON") or isinstance(inner, list):
                problem = "a list that is always empty, or of lists, or of values of several shapes"
            elif isinstance(inner, dict):
                flat = list(_flat(inner))
                places.append(Place(place[-1], [".".join(p) for p, k in flat if _is_value(p, k)], ".".join(place)))
                left_out += [f"{'.'.join((*place, *p))}: a list within a list" for p, k in flat if not _is_value(p, k)]
            else:
                places.append(Place(place[-1], ["."], ".".join(place)))
        elif kind == "JSON" or isinstance(kind, dict):
            problem = "of several shapes, or an object without keys"
        else:
            columns.append(".".join(place))
        if problem:
            left_out.append(f"{'.'.join(place)}: {problem}")
            if all("." not in step for step in place):
                ignored.append(".".join(place))
    if not columns:
        raise UsageError(f"{path}: its records hold no values of their own; name a file of flat records")
    section: dict[str, Any] = {"records": records} if records else {}
    if ignored:
        section["ignored"] = ignored
    name = records.rsplit(".", 1)[-1] or "record"
    return Layout(
        raw["format"],
        [Place(name, columns), *(place for place in places if place.columns)],
        {"json": section} if section else {},
        [],
        left_out,
    )


def _is_value(place: Sequence[str], kind: object) -> bool:
    return isinstance(kind, str) and kind != "JSON" and all(_ADDRESSABLE.fullmatch(step) for step in place)


def _structure_source(raw: dict[str, str]) -> Source:
    """A declaration that names only where the records of a JSON file lie."""
    text = "to read the structure"
    return Source.model_validate(
        {
            "id": "unknown", "title": {"zh": text, "en": text}, "publisher": text, "licence": text, "home_url": text,
            "cadence": text, "freshness_hours": 1, "freshness_reason": text, "semantics": "append",
            "delivery": {"patterns": ["*"], "format": raw["format"]},
            "json": {"records": raw["records"]},
            "entities": {"record": {"meaning": {"zh": text, "en": text}, "columns": []}},
            "tolerances": {"quarantined_share_max": 1, "volume_ratio": (0, 1)},
            "folder": Path("unknown"),
        }
    )  # fmt: skip


def _has_lines(path: Path) -> bool:
    """Whether the first two lines with text are each a JSON object of their own."""
    with path.open("rb") as file:
        lines = [line for line in file.read(_HEAD_BYTES).splitlines() if line.strip()][:2]
    table = pl.DataFrame({"line": [line.decode("utf-8-sig", errors="replace") for line in lines]}).to_arrow()
    with duckdb.connect() as connection:
        connection.register("lines", table)
        kinds = connection.execute("select json_valid(line) and line like '{%' from lines").fetchall()
    return len(kinds) > 1 and all(kind[0] for kind in kinds)


def _records_path(path: Path) -> str:
    """The keys that lead to the largest array of objects in the first megabyte, joined by dots."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES).decode("utf-8-sig", errors="replace")
    # Of each open bracket the keys that lead to it (None below an array), and where it opens.
    nesting: list[tuple[str, tuple[str, ...] | None, int]] = []
    extents: dict[tuple[str, ...], int] = {}
    key, expects_key = "", False
    for token in _JSON_TOKEN.finditer(head):
        text = token[0]
        if text in "{[":
            outer, keys, start = nesting[-1] if nesting else ("", (), 0)
            if text == "{" and outer == "[" and keys is not None:
                extents.setdefault(keys, len(head) - start)
            below = None if keys is None or outer == "[" else (*keys, key) if outer else ()
            nesting.append((text, below, token.start()))
            expects_key = text == "{"
        elif text in "}]" and nesting:
            _, keys, start = nesting.pop()
            if text == "]" and keys is not None and keys in extents:
                extents[keys] = token.end() - start
        elif text == ",":
            expects_key = bool(nesting) and nesting[-1][0] == "{"
        elif expects_key and text.startswith('"'):
            key, expects_key = text[1:-1], False
    if not extents:
        raise UsageError(f"{path}: no array of objects in its first megabyte; name a file of records")
    return ".".join(max(extents.items(), key=lambda item: item[1])[0])


def _json_structure(path: Path, source: Source) -> dict[str, Any]:
    """Keys to what stands there over all records: a DuckDB type, a list of one, a nested dict, JSON for a mixture."""
    structure: Any = "NULL"
    with duckdb.connect(config={"threads": 2, "memory_limit": "512MB"}) as connection:
        for piece in pieces(path, source, Surroundings()):
            elements = pl.DataFrame({"element": piece.raw}).to_arrow(compat_level=pl.CompatLevel.oldest())
            connection.register("elements", elements)
            found = connection.execute(
                "select distinct regexp_replace(json_structure(element)::varchar, $scalar, '\"VARCHAR\"', 'g')"
                " from elements where json_valid(element)",
                {"scalar": _JSON_SCALAR},
            ).fetchall()
            for (shape,) in found:
                structure = _merged(structure, json.loads(shape))
    if not isinstance(structure, dict):
        raise UsageError(f"{path}: its records are no objects; name a file of records")
    return structure


def _merged(one: Any, other: Any) -> Any:
    if one == "NULL" or one == other:
        return other
    if other == "NULL":
        return one
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _merged(one.get(key, "NULL"), other.get(key, "NULL")) for key in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return [_merged(one[0] if one else "NULL", other[0] if other else "NULL")]
    return "VARCHAR" if isinstance(one, str) and isinstance(other, str) and "JSON" not in (one, other) else "JSON"


def _flat(structure: dict[str, Any], *outer: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(keys, type) of everything that is no object with keys."""
    for key, kind in structure.items():
        if isinstance(kind, dict) and kind:
            yield from _flat(kind, *outer, key)
        else:
            yield (*outer, key), kind


# --- XML ------------------------------------------------------------------------------------------------------------


@dataclass
class _Element:
    """What one path of element names was met with."""

    tag: str
    n: int = 0
    most: int = 0
    n_with_text: int = 0
    attributes: dict[str, None] = field(default_factory=dict)
    children: dict[str, _Element] = field(default_factory=dict)

    @property
    def is_leaf(self) -> bool:
        return not self.children

    @property
    def size(self) -> int:
        """Elements at and below this path."""
        return self.n + sum(child.size for child in self.children.values())

    def repeated(self) -> list[_Element]:
        return [child for child in self.children.values() if child.most > 1]


def _xml_layout(path: Path) -> Layout:
    root = _xml_tree(path)
    steps, record = _record_of(root)
    ignored: dict[str, None] = {}
    left_out: list[str] = []
    columns, places = _xml_places(record, ignored, left_out)
    if not columns:
        raise UsageError(f"{path}: its records <{record.tag}> hold no values of their own; name a file of flat records")
    needs_siblings = any(place.siblings for place in places)
    known = {*steps, *(part for p in [*columns, *(c for q in places for c in (*q.columns, q.rows or ""))]
                       for part in p.split("/"))}  # fmt: skip
    section: dict[str, Any] = {"record": "/" + "/".join(steps)}
    names = [name for name in [*ignored, *_outside(root, steps)] if name not in known]
    if names:
        section["ignored_elements"] = sorted(set(names))
    return Layout("xml", [Place(record.tag, columns, siblings=needs_siblings), *places], {"xml": section}, [], left_out)


def _xml_tree(path: Path) -> _Element:
    root: _Element | None = None
    stack: list[_Element] = []
    counts: list[Counter[str]] = []
    try:
        for event, element in etree.iterparse(
            str(path), events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False,
            huge_tree=True, remove_comments=True, remove_pis=True,
        ):  # fmt: skip
            if event == "start":
                tag = etree.QName(element).localname
                if stack:
                    here = stack[-1].children.setdefault(tag, _Element(tag))
                    counts[-1][tag] += 1
                    here.most = max(here.most, counts[-1][tag])
                else:
                    root = here = _Element(tag)
                here.n += 1
                here.attributes.update(dict.fromkeys(str(name) for name in element.attrib if "{" not in str(name)))
                stack.append(here)
                counts.append(Counter())
                continue
            here = stack.pop()
            counts.pop()
            here.n_with_text += bool((element.text or "").strip())
            element.clear()
            # What is cleared still hangs on its parent and would fill the memory one by one.
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise UsageError(f"{path}: not well-formed or truncated: {error.msg}") from error
    assert root is not None
    return root


def _record_of(root: _Element) -> tuple[list[str], _Element]:
    """The path and element of the records: the outermost that repeats, behind groups that only wrap records; a document
    in which nothing repeats is itself the record."""
    steps, at = [root.tag], root
    found: tuple[list[str], _Element] | None = None
    while at.children:
        inner = [child for child in at.repeated() if not child.is_leaf] if found is None else at.repeated()
        if found is None:
            at = max(inner or at.children.values(), key=lambda child: child.size)
            steps = [*steps, at.tag]
            found = (steps, at) if inner else None
            continue
        largest = max((child for child in inner if child.children), key=lambda child: child.size, default=None)
        n_leaves = sum(child.is_leaf for child in at.children.values())
        if largest is None or n_leaves > _WRAPPER_LEAVES or largest.size < _WRAPPER_SHARE * (at.size - at.n):
            break
        at, steps = largest, [*steps, largest.tag]
        found = (steps, at)
    return found or ([root.tag], root)


def _outside(root: _Element, steps: list[str]) -> Iterator[str]:
    """Names of the elements that lie around the records."""
    for child in root.children.values():
        if len(steps) > 1 and child.tag == steps[1]:
            yield from _outside(child, steps[1:]) if len(steps) > 2 else ()
        else:
            yield from _names(child)


def _names(element: _Element) -> Iterator[str]:
    yield element.tag
    for child in element.children.values():
        yield from _names(child)


def _xml_places(record: _Element, ignored: dict[str, None], left_out: list[str]) -> tuple[list[str], list[Place]]:
    """The record's own columns, and an entity for each repeated element that a declaration can read."""
    columns = [f"@{name}" for name in record.attributes]
    places: list[Place] = []

    def visit(element: _Element, outer: tuple[str, ...]) -> None:
        for child in element.children.values():
            here = (*outer, child.tag)
            at = "/".join(here)
            if child.most == 1:
                if child.is_leaf or child.n_with_text:
                    columns.append(at)
                columns.extend(f"{at}/@{name}" for name in child.attributes)
                visit(child, here)
                continue
            place = _xml_place(child, element, outer, ignored, left_out)
            if place is not None:
                places.append(place)
            else:
                left_out.append(f"{at}: repeats in a way that a declaration cannot read; parse.py would have to")
                ignored.update(dict.fromkeys(_names(child)))

    visit(record, ())
    return columns, places


def _xml_place(
    element: _Element, parent: _Element, outer: tuple[str, ...], ignored: dict[str, None], left_out: list[str]
) -> Place | None:
    """The entity of a repeated element, None where its rows cannot be told apart."""
    at = "/".join((*outer, element.tag))
    inner: list[str] = []

    def leaves(one: _Element, steps: tuple[str, ...]) -> None:
        inner.extend("/".join((*steps, f"@{name}")) for name in one.attributes)
        for child in one.children.values():
            if child.most > 1:
                left_out.append(f"{at}/{'/'.join((*steps, child.tag))}: a list within a list")
                ignored.update(dict.fromkeys(_names(child)))
                continue
            if child.is_leaf or child.n_with_text:
                inner.append("/".join((*steps, child.tag)))
            leaves(child, (*steps, child.tag))

    is_alone = bool(outer) and len(parent.children) == 1
    if is_alone and not element.is_leaf:
        leaves(element, ())
        return Place(element.tag, inner, rows=at, n_met=element.n) if inner else None
    if is_alone:
        return Place(element.tag, [".", *(f"@{name}" for name in element.attributes)], rows=at, n_met=element.n)
    if outer:
        return None
    if element.is_leaf:
        attributes = [f"{at}/@{name}" for name in element.attributes]
        return Place(element.tag, [at, *attributes], repeated=at, siblings=True, n_met=element.n)
    leaves(element, ())
    # A row is kept for its marker, which every one must have.
    markers = [child for child in element.children.values() if child.is_leaf and child.n == element.n]
    marker = max(markers, key=lambda child: child.n_with_text, default=None)
    if marker is None:
        return None
    return Place(
        element.tag, [f"{at}/{path}" for path in inner], repeated=f"{at}/{marker.tag}", siblings=True, n_met=element.n
    )
