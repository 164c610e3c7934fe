"""Streaming reader of JSON deliveries: one record per line, or the objects of one array of a document.

A file is cut into pieces of complete records by its structure alone (numpy finds quotes and brackets), in bounded
memory; DuckDB takes the declared values out of a piece. A line that is not a JSON object is one broken record; a
document that does not close is refused.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipelines.contract.declarations import Source
from pipelines.contract.formats import LINE_SUFFIXES
from pipelines.contract.refusal import DeliveryRefused

PIECE_BYTES = 2 << 20
_RECORD_BYTES = 64 << 20
_SURROUNDING_BYTES = 1 << 20
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+', re.S)
_QUOTE, _BACKSLASH, _NEWLINE = 0x22, 0x5C, 0x0A
# How each byte changes the depth of nesting, outside of strings.
_NESTING = np.zeros(256, dtype=np.int8)
_NESTING[[ord("{"), ord("[")]] = 1
_NESTING[[ord("}"), ord("]")]] = -1

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]


def is_by_lines(path: Path, source: Source) -> bool:
    """Whether a file holds a record per line: all of a `jsonl` feed, and those of a `json` feed that are named so."""
    return source.delivery.format == "jsonl" or path.suffix.lower() in LINE_SUFFIXES


@dataclass
class Surroundings:
    """The values before the records of a document, known before the first piece is cut."""

    document: Any = None

    def value(self, pointer: str) -> str | None:
        """The text of a value before the records by its path (`/meta/last_updated`), None where there is none."""
        value = self.document
        for key in pointer.strip("/").split("/"):
            value = value.get(key) if isinstance(value, dict) else None
        return None if value is None or isinstance(value, dict | list) else str(value)


@dataclass(frozen=True)
class JsonPiece:
    """Whole records as received; the first has number `first`."""

    raw: pl.Series
    first: int


def pieces(path: Path, source: Source, surroundings: Surroundings) -> Iterator[JsonPiece]:
    """Cut a UTF-8 file into pieces of complete records; empty lines are not records.

    Raises DeliveryRefused when the file ends inside a record, when a document is not well-formed around its records or
    has none of the declared array, and for a record that is too large to be one.
    """
    cut = _cut_lines(path) if is_by_lines(path, source) else _cut_document(path, source, surroundings)
    last = 0
    for raw in cut:
        yield JsonPiece(raw, last + 1)
        last += len(raw)


def _texts(data: bytes, offsets: Positions) -> pl.Series:
    """The stretches of the data between neighbouring offsets."""
    buffers = [None, pa.py_buffer(offsets.astype(np.int64).tobytes()), pa.py_buffer(data)]
    array = pa.Array.from_buffers(pa.large_string(), len(offsets) - 1, buffers)
    return pl.Series("raw", pl.from_arrow(array), dtype=pl.String)


def _cut_lines(path: Path) -> Iterator[pl.Series]:
    with path.open("rb") as file:
        rest = file.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
        while block := file.read(PIECE_BYTES):
            rest += block
            cut = rest.rfind(b"\n") + 1
            if cut:
                yield from _lines(rest[:cut])
                rest = rest[cut:]
            elif len(rest) > _RECORD_BYTES:
                raise _too_large()
    if rest.strip():
        try:
            json.loads(rest)
        except ValueError as error:
            end = rest[-40:].decode("utf-8", errors="replace")
            raise DeliveryRefused(f"truncated: ends inside a record ('{end}'); fetch it again") from error
        yield from _lines(rest)


def _lines(data: bytes) -> Iterator[pl.Series]:
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == _NEWLINE) + 1
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    lines = _texts(data, np.concatenate([[0], ends])).str.strip_chars()
    lines = lines.filter(lines != "")
    if len(lines):
        yield lines


def _too_large() -> DeliveryRefused:
    return DeliveryRefused(f"a record of over {_RECORD_BYTES} bytes; the layout changed, or the file is damaged")


@dataclass
class _Nesting:
    """The state of a scan: depth within the array of records (0 between them), inside a string, after a backslash."""

    depth: int = 0
    in_string: bool = False
    is_escaping: bool = False

    def brackets(self, block: Bytes) -> tuple[Positions, Positions, Positions]:
        """Positions of the brackets outside strings, what each adds to the depth, and the depth after each.

        The scan then continues after the block.
        """
        quotes = self._quotes(block)
        # One bit distinguishes { from [ and } from ].
        alike = block | 0x20
        positions = np.flatnonzero((alike == ord("{")) | (alike == ord("}")))
        positions = positions[(np.searchsorted(quotes, positions) + int(self.in_string)) % 2 == 0]
        steps = _NESTING[block[positions]].astype(np.int64)
        depths = self.depth + np.cumsum(steps)
        self.in_string ^= bool(len(quotes) % 2)
        if len(depths):
            self.depth = int(depths[-1])
        return positions, steps, depths

    def _quotes(self, block: Bytes) -> Positions:
        """Positions of the quotation marks that open or close a string."""
        quotes = np.flatnonzero(block == _QUOTE)
        slashes = np.flatnonzero(block == _BACKSLASH)
        if not self.is_escaping and not len(slashes):
            return quotes
        # Of each run of backslashes the last position and the length; an odd run takes the meaning from a quotation
        # mark after it. The run at the end of the previous block continues here.
        is_first = np.diff(slashes, prepend=-2) != 1
        is_last = np.diff(slashes, append=len(block) + 1) != 1
        lasts, lengths = slashes[is_last], slashes[is_last] - slashes[is_first] + 1
        if self.is_escaping and len(lasts) and slashes[0] == 0:
            lengths[0] += 1
        elif self.is_escaping:
            lasts, lengths = np.append(lasts, -1), np.append(lengths, 1)
        escaped = lasts[lengths % 2 == 1] + 1
        self.is_escaping = bool(np.isin(len(block), escaped))
        opening_or_closing: Positions = quotes[~np.isin(quotes, escaped)]
        return opening_or_closing


def _cut_document(path: Path, source: Source, surroundings: Surroundings) -> Iterator[pl.Series]:
    """The objects of the declared array; everything around them goes into `surroundings`."""
    with path.open("rb") as file:
        head = file.read(_SURROUNDING_BYTES)
        begin = _array_begin(head, source)
        n_outer = len([key for key in source.json_.records.split(".") if key])
        surroundings.document = _document(head[:begin] + b"]" + b"}" * n_outer)
        file.seek(begin)
        nesting = _Nesting()
        # `rest` is the text after the last complete record; a record that begins in it does so at `opened`.
        rest, opened, separator = b"", np.empty(0, dtype=np.int64), ""
        while block := file.read(PIECE_BYTES):
            positions, steps, depths = nesting.brackets(np.frombuffer(block, dtype=np.uint8))
            closing = np.flatnonzero(depths < 0)[:1]
            end = len(rest) + int(positions[closing[0]]) if len(closing) else None
            if end is not None:
                positions, steps, depths = (numbers[: closing[0]] for numbers in (positions, steps, depths))
            positions = positions + len(rest)
            rest += block
            starts = np.concatenate([opened, positions[(steps > 0) & (depths == 1)]])
            ends = positions[(steps < 0) & (depths == 0)] + 1
            if len(ends):
                # Each record starts after the separator.
                offsets = np.concatenate([[0], np.stack([starts[: len(ends)], ends], axis=1).ravel()])
                parts = _texts(rest, offsets)
                separators = parts.gather_every(2).str.strip_chars()
                if separators[0] != separator or not (separators[1:] == ",").all():
                    raise _no_objects()
                separator = ","
                yield parts.gather_every(2, 1)
            done = int(ends[-1]) if len(ends) else 0
            opened = starts[len(ends) :] - done
            rest = rest[done:]
            if end is not None:
                if rest[: end - done].strip():
                    raise _no_objects()
                tail = rest[end - done :] + file.read(_SURROUNDING_BYTES)
                if file.read(1):
                    raise DeliveryRefused(f"over {_SURROUNDING_BYTES} bytes follow its records; the layout changed")
                _document(head[:begin] + tail)
                return
            if len(rest) > _RECORD_BYTES:
                raise _too_large()
    shown = rest[-40:].decode("utf-8", errors="replace").replace("\n", " ")
    raise DeliveryRefused(f"truncated: ends in '{shown}' among its records; fetch it again")


def _array_begin(head: bytes, source: Source) -> int:
    """Where the array of records begins, after its bracket."""
    wanted = [key for key in source.json_.records.split(".") if key]
    # The keys that lead to the place; None for a place within an array.
    path: list[str | None] = []
    key: str | None = None
    for token in _TOKEN.finditer(head):
        match token[0]:
            case b"[":
                if [*path, key][1:] == wanted:
                    return token.end()
                path, key = [*path, key], None
            case b"{":
                path, key = [*path, key], None
            case b"}" | b"]":
                key = path.pop() if path else None
            case b",":
                key = None
            case text if text.startswith(b'"'):
                key = text[1:-1].decode("utf-8", errors="replace")
    where = f"at {source.json_.records} " if wanted else ""
    raise DeliveryRefused(f"has no array of records {where}in its first {_SURROUNDING_BYTES} bytes; the layout changed")


def _document(text: bytes) -> Any:
    try:
        return json.loads(text.removeprefix(codecs.BOM_UTF8))
    except ValueError as error:
        raise DeliveryRefused(f"not well-formed or truncated around its records: {error}; fetch it again") from error


def _no_objects() -> DeliveryRefused:
    return DeliveryRefused("its array holds something else than objects separated by commas; the layout changed")
