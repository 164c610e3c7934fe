"""Where the records of a JSON file are, and which values each holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.contract.declarations import Source
from pipelines.contract.formats import LINE_SUFFIXES
from pipelines.errors import UsageError
from pipelines.onboarding.layout import HEAD_BYTES, Layout, Place
from pipelines.onboarding.placeholder_source import placeholder_source
from pipelines.parsing.readers.json_pieces import Surroundings, pieces

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+', re.S)
_JSON_SCALAR = '"(?:BOOLEAN|U?BIGINT|U?HUGEINT|DOUBLE)"'
_ADDRESSABLE = re.compile(r"[^./~]+")


def json_layout(path: Path) -> Layout:
    """The layout of a JSON or JSON Lines file. Raises UsageError where no list of records is found."""
    by_lines = path.suffix.lower() in LINE_SUFFIXES or _has_lines(path)
    records = "" if by_lines else _records_path(path)
    delivery_format = "jsonl" if by_lines else "json"
    delivery = {"patterns": ["*"], "format": delivery_format}
    structure = _json_structure(path, placeholder_source(delivery=delivery, json={"records": records}))
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
        delivery_format,
        [Place(name, columns), *(place for place in places if place.columns)],
        {"json": section} if section else {},
        [],
        left_out,
    )


def _is_value(place: Sequence[str], kind: object) -> bool:
    return isinstance(kind, str) and kind != "JSON" and all(_ADDRESSABLE.fullmatch(step) for step in place)


def _has_lines(path: Path) -> bool:
    """Whether the first two lines with text are each a JSON object of their own."""
    with path.open("rb") as file:
        lines = [line for line in file.read(HEAD_BYTES).splitlines() if line.strip()][:2]
    table = pl.DataFrame({"line": [line.decode("utf-8-sig", errors="replace") for line in lines]}).to_arrow()
    with duckdb.connect() as connection:
        connection.register("lines", table)
        kinds = connection.execute("select json_valid(line) and line like '{%' from lines").fetchall()
    return len(kinds) > 1 and all(kind[0] for kind in kinds)


def _records_path(path: Path) -> str:
    """The keys that lead to the largest array of objects in the first megabyte, joined by dots."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES).decode("utf-8-sig", errors="replace")
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
