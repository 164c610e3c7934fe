"""From the plain files of a delivery to checked parts: each format is read in pieces, and each piece is checked."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import polars as pl
from lxml import etree

from pipelines.contract.check import check
from pipelines.contract.declarations import Source
from pipelines.contract.formats import WORKBOOK_SUFFIXES
from pipelines.parsing.encoding import begins_as_utf8, declared_encoding, detect, has_byte, is_utf8, to_utf8
from pipelines.parsing.lake_writer import ParsedPart
from pipelines.parsing.readers.continuation import continued
from pipelines.parsing.readers.csv_reader import csv_layout, read_csv, refuse_truncated_csv
from pipelines.parsing.readers.json_extractor import JsonExtractor
from pipelines.parsing.readers.json_pieces import JsonPiece, Surroundings
from pipelines.parsing.readers.json_pieces import pieces as json_pieces
from pipelines.parsing.readers.table_batch import Batch
from pipelines.parsing.readers.table_header import header_missing
from pipelines.parsing.readers.workbook_reader import read_workbook
from pipelines.parsing.readers.xml_documents import document_pieces
from pipelines.parsing.readers.xml_extractor import XmlExtractor, header_values
from pipelines.parsing.readers.xml_pieces import Skeleton, XmlPiece, piece_records, pieces

THREADS = 2

Item = TypeVar("Item")
Shape = Callable[[dict[str, pl.DataFrame]], dict[str, pl.DataFrame]]


@dataclass(frozen=True)
class SourceReader:
    """What the deliveries of a source are read with, made once for all of them."""

    source: Source
    extractor: XmlExtractor | None
    shape: Shape | None

    @classmethod
    def of(cls, source: Source) -> SourceReader:
        shape: Shape | None = getattr(source.module("parse"), "shape", None)
        return cls(source, XmlExtractor(source) if source.xml else None, shape)


def parts(reader: SourceReader, paths: list[Path], folder: Path, careful: bool) -> Iterator[ParsedPart]:
    """The parts of a delivery's plain files, in the order of their records; `careful` reads with the careful readers.

    Raises DeliveryRefused for what the readers cannot read.
    """
    source = reader.source
    if source.xml is not None and source.xml.record_is_document:
        yield from _document_parts(reader, paths)
        return
    read = _READERS[source.delivery.format]
    first = 0
    for path in paths:
        last = first
        for part in read(reader, path, folder, first, careful):
            last += part.n_seen
            yield part
        first = last


def utf8_xml(path: Path, folder: Path) -> Path:
    """The XML file itself, or its text written to `folder` in UTF-8."""
    encoding = declared_encoding(path)
    if encoding == "utf-8":
        return path
    plain = folder / f"{path.stem}.utf8.xml"
    to_utf8(path, encoding, plain)
    return plain


def _xml_parts(reader: SourceReader, path: Path, folder: Path, offset: int, careful: bool) -> Iterator[ParsedPart]:
    source, extractor = reader.source, reader.extractor
    assert extractor is not None
    plain = utf8_xml(path, folder)
    header = header_values(plain, source)
    skeleton = Skeleton()

    def work(piece: XmlPiece) -> ParsedPart:
        return _xml_part(piece, reader, extractor, header, offset)

    with plain.open("rb") as stream:
        yield from _in_order(work, pieces(stream, source, skeleton, careful))
    root = skeleton.document(source)
    skeleton.refuse_wrong_total(source, root)
    unknown = Counter(str(element.tag) for element in root.iter(etree.Element))
    known = extractor.known_names
    yield ParsedPart(
        {}, pl.DataFrame(), 0, 0, Counter({f"element:{k}": v for k, v in unknown.items() if k not in known})
    )


def _document_parts(reader: SourceReader, paths: list[Path]) -> Iterator[ParsedPart]:
    extractor = reader.extractor
    assert extractor is not None

    def work(piece: XmlPiece) -> ParsedPart:
        return _xml_part(piece, reader, extractor, {}, 0)

    return _in_order(work, document_pieces(paths, reader.source))


def _xml_part(
    piece: XmlPiece, reader: SourceReader, extractor: XmlExtractor, header: dict[str, str | None], offset: int
) -> ParsedPart:
    source = reader.source
    extracted = extractor.extract(piece)
    tables = extracted.tables
    for name, entity in source.entities.items():
        constants = [pl.lit(header[c.name], pl.String).alias(c.name) for c in entity.columns if c.name in header]
        if constants:
            tables[name] = tables[name].with_columns(constants)
    if reader.shape is not None:
        tables = reader.shape(tables)
    checked = check(source, tables, extracted.undecodable)
    broken = pl.concat([extracted.broken, checked.broken])
    if len(broken):
        broken = broken.sort("record_no")
        records = piece_records(piece, source, broken["record_no"])
        texts = [records[n].decode("utf-8", errors="backslashreplace") for n in broken["record_no"]]
        broken = broken.with_columns(raw=pl.Series(texts, dtype=pl.String))
    part = ParsedPart(
        checked.tables, broken, piece.count, 0, Counter({f"element:{k}": v for k, v in extracted.unknown.items()})
    )
    part.quarantined_texts = checked.broken_texts
    return _shifted(part, offset)


def table_batches(path: Path, source: Source, folder: Path, careful: bool) -> tuple[Iterator[Batch], bool]:
    """The batches of a CSV file or workbook, and whether it has bytes that are not text in its encoding.

    Raises DeliveryRefused for a table without the declared header, and one that is cut off.
    """
    if path.suffix.lower() in WORKBOOK_SUFFIXES:
        return read_workbook(path, source), False
    plain, undecodable = folder / f"{path.stem}.utf8.csv", False
    candidates: list[str] = list(source.delivery.encodings)
    if not careful and "utf-8" in candidates and begins_as_utf8(path) and not has_byte(path, b"\0"):
        plain = path
    else:
        undecodable = to_utf8(path, detect(path, candidates), plain)
    layout = csv_layout(plain, source)
    if layout.header is None and source.delivery.on_missing_header == "refuse":
        raise header_missing(source)
    refuse_truncated_csv(plain, layout)
    return read_csv(plain, source, layout, careful), undecodable


def _table_parts(reader: SourceReader, path: Path, folder: Path, offset: int, careful: bool) -> Iterator[ParsedPart]:
    source = reader.source
    batches, undecodable = table_batches(path, source, folder, careful)
    seen_headers: set[str] = set()

    def work(batch: Batch) -> ParsedPart:
        return _table_part(batch, reader, undecodable, offset)

    for part in _in_order(work, continued(batches, source)):
        # A column nobody declared is one finding per file, not one per batch.
        part.findings = Counter({k: v for k, v in part.findings.items() if k not in seen_headers})
        seen_headers.update(part.findings)
        yield part


def _table_part(batch: Batch, reader: SourceReader, undecodable: bool, offset: int) -> ParsedPart:
    source = reader.source
    n_seen = batch.n_records
    rows, skipped = batch.rows, 0
    for rule in source.table.skip:
        if rule.column in rows.columns:
            hit = rows[rule.column].str.strip_chars().str.contains(rule.pattern).fill_null(False)
            skipped += int(hit.sum())
            rows = rows.filter(~hit)
    tables = {source.record_entity: rows}
    if reader.shape is not None:
        tables = reader.shape(tables)
    for name in source.entities:
        tables.setdefault(name, pl.DataFrame(schema={"record_no": pl.Int64, "item_no": pl.Int64}))
    checked = check(source, tables, undecodable)
    broken = pl.concat([batch.broken, checked.broken]).sort("record_no")
    broken = broken.with_columns(raw=pl.Series(batch.raw(broken["record_no"].to_list()), dtype=pl.String))
    findings = Counter({f"column:{text}": 1 for text in batch.header.unknown})
    findings.update({f"sheet:{name}": 1 for name in batch.left_out})
    return _shifted(ParsedPart(checked.tables, broken, n_seen, skipped, findings, checked.broken_texts), offset)


def utf8_json(path: Path, source: Source, folder: Path) -> tuple[Path, bool]:
    """The JSON file itself, or its text written to `folder` in UTF-8, and whether it has bytes that are not text."""
    if is_utf8(path) and not has_byte(path, b"\0"):
        return path, False
    plain = folder / f"{path.stem}.utf8{path.suffix.lower()}"
    return plain, to_utf8(path, detect(path, list(source.delivery.encodings)), plain)


def _json_parts(reader: SourceReader, path: Path, folder: Path, offset: int, careful: bool) -> Iterator[ParsedPart]:
    source = reader.source
    plain, undecodable = utf8_json(path, source, folder)
    surroundings = Surroundings()
    extractor = JsonExtractor(source, surroundings)

    def work(piece: JsonPiece) -> ParsedPart:
        return _json_part(piece, reader, extractor, undecodable, offset)

    yield from _in_order(work, json_pieces(plain, source, surroundings))


def _json_part(
    piece: JsonPiece, reader: SourceReader, extractor: JsonExtractor, undecodable: bool, offset: int
) -> ParsedPart:
    extracted = extractor.extract(piece)
    tables = extracted.tables
    if reader.shape is not None:
        tables = reader.shape(tables)
    checked = check(reader.source, tables, undecodable)
    broken = pl.concat([extracted.broken, checked.broken]).sort("record_no")
    broken = broken.with_columns(raw=piece.raw.gather(broken["record_no"] - piece.first))
    findings = Counter({f"key:{name}": n for name, n in extracted.unknown.items()})
    return _shifted(ParsedPart(checked.tables, broken, len(piece.raw), 0, findings, checked.broken_texts), offset)


def _shifted(part: ParsedPart, offset: int) -> ParsedPart:
    if offset:
        move = (pl.col("record_no") + offset).alias("record_no")
        part.tables = {name: frame.with_columns(move) for name, frame in part.tables.items()}
        part.quarantined = part.quarantined.with_columns(move)
        part.quarantined_texts = {name: frame.with_columns(move) for name, frame in part.quarantined_texts.items()}
    return part


_READERS = {"xml": _xml_parts, "table": _table_parts, "json": _json_parts, "jsonl": _json_parts}


def _in_order(work: Callable[[Item], ParsedPart], items: Iterable[Item]) -> Iterator[ParsedPart]:
    """Results of `work` in the order of `items`, a few at a time on threads (the heavy parts release the GIL)."""
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: deque[Future[ParsedPart]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > THREADS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
