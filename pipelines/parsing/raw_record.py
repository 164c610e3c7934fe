"""A record's text as received, by its number, read again from the archived bytes with the readers that numbered it."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from pipelines.contract.declarations import Source
from pipelines.contract.refusal import DeliveryRefused
from pipelines.errors import TouchstoneError
from pipelines.parsing.parts import table_batches, utf8_json, utf8_xml
from pipelines.parsing.readers.continuation import continued
from pipelines.parsing.readers.json_pieces import Surroundings
from pipelines.parsing.readers.json_pieces import pieces as json_pieces
from pipelines.parsing.readers.xml_documents import document_pieces
from pipelines.parsing.readers.xml_pieces import Skeleton, XmlPiece, piece_records, pieces
from pipelines.receiving.delivery_gate import unpack
from pipelines.receiving.manifest import Manifest
from pipelines.state.home import Home

# How many records of a file have been read, and the texts of those asked for, by number in the file.
_Found = tuple[int, dict[int, str]]


def raw_records(home: Home, source: Source, manifest: Manifest, record_nos: Sequence[int]) -> dict[int, str]:
    """The texts of some records of a delivery by record number.

    An XML record is its element, a JSON record its object, a row of a table a JSON object of header text to cell (a
    list where a row has another number of cells than the header). Reading ends after the last record asked for.
    Raises TouchstoneError when the bytes are missing, or do not contain such a record under the present declaration.
    """
    path = manifest.path(home)
    if not path.exists():
        raise TouchstoneError(f"{path}: the archived bytes are missing; restore them from a copy of the archive")
    home.runs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="trace-", dir=home.runs) as name:
        folder = Path(name)
        try:
            paths = unpack(path, source, folder)
            texts = _read(paths, source, folder, sorted(set(record_nos)))
        except (DeliveryRefused, pl.exceptions.PolarsError, csv.Error) as error:
            raise TouchstoneError(f"{path}: no longer readable under sources/{source.id}: {error}") from error
    missing = sorted(set(record_nos) - texts.keys())
    if missing:
        raise TouchstoneError(
            f"{path}: holds no record {missing[0]} under the present declaration;"
            f" run `touchstone refresh --full --source {source.id}`"
        )
    return texts


def _read(paths: list[Path], source: Source, folder: Path, wanted: list[int]) -> dict[int, str]:
    if source.xml is not None and source.xml.record_is_document:
        return {n: _document(paths[n - 1], source) for n in wanted if n <= len(paths)}
    texts: dict[int, str] = {}
    n_read = 0
    for number, path in enumerate(paths, 1):
        here = [n - n_read for n in wanted if n > n_read]
        if not here:
            break
        # A file that others follow is read to its end, for its records are counted in the numbers of theirs.
        n_records, texts_of_file = _in_file(path, source, folder, here, must_read_all=number < len(paths))
        texts.update({n_read + n: text for n, text in texts_of_file.items()})
        n_read += n_records
    return texts


def _document(path: Path, source: Source) -> str:
    (piece,) = document_pieces([path], source)
    return _text(piece_records(piece, source, [piece.first])[piece.first])


def _in_file(path: Path, source: Source, folder: Path, wanted: list[int], must_read_all: bool) -> _Found:
    """As when the file was parsed, the fast readers first, and where they refuse the careful ones."""
    for careful in (False, True):
        try:
            n_read, texts = 0, dict[int, str]()
            for n_read, found in _stretches(path, source, folder, wanted, careful):
                texts.update(found)
                # Whether a table's rows are correct is known when all of it has been read.
                is_proven = careful or source.delivery.format != "table"
                if is_proven and not must_read_all and n_read >= wanted[-1]:
                    break
            return n_read, texts
        except (DeliveryRefused, pl.exceptions.PolarsError, csv.Error):
            if careful:
                raise
    raise AssertionError("the careful reading returns or raises")


def _stretches(path: Path, source: Source, folder: Path, wanted: list[int], careful: bool) -> Iterator[_Found]:
    if source.delivery.format == "xml":
        with utf8_xml(path, folder).open("rb") as stream:
            for piece in pieces(stream, source, Skeleton(), careful):
                if not careful and any(mark in piece.data for mark in (b"<!", b"<?")):
                    raise DeliveryRefused("has comments or sections, which may hold what looks like a record")
                yield piece.first + piece.count - 1, _of_piece(piece, source, wanted)
    elif source.delivery.format == "table":
        n_read = 0
        batches, _ = table_batches(path, source, folder, careful)
        for batch in continued(batches, source):
            here = [n for n in wanted if n_read < n <= n_read + batch.n_records]
            n_read += batch.n_records
            yield n_read, dict(zip(here, batch.raw(here), strict=True))
    else:
        plain, _ = utf8_json(path, source, folder)
        for part in json_pieces(plain, source, Surroundings()):
            last = part.first + len(part.raw) - 1
            yield last, {n: str(part.raw[n - part.first]) for n in wanted if part.first <= n <= last}


def _of_piece(piece: XmlPiece, source: Source, wanted: list[int]) -> dict[int, str]:
    here = [n for n in wanted if piece.first <= n < piece.first + piece.count]
    return {n: _text(text) for n, text in piece_records(piece, source, here).items()} if here else {}


def _text(record: bytes) -> str:
    return record.decode("utf-8", errors="backslashreplace")
