"""Parsing: a delivery becomes typed Parquet in the lake plus quarantine, streaming, in bounded memory.

For each delivery `records = loaded + quarantined + skipped`, or it is refused whole. Same bytes, same parser version
and same contract: nothing to do.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import polars as pl
from lxml import etree

from pipelines.contract.check import check
from pipelines.contract.declarations import Source
from pipelines.contract.formats import WORKBOOK_SUFFIXES
from pipelines.contract.refusal import DeliveryRefused
from pipelines.parsing.encoding import begins_as_utf8, declared_encoding, detect, has_byte, is_utf8, to_utf8
from pipelines.parsing.lake_writer import LakeWriter, Part, remove_outputs
from pipelines.parsing.readers.continuation import continued
from pipelines.parsing.readers.csv_reader import csv_layout, read_csv, refuse_truncated_csv
from pipelines.parsing.readers.json_extractor import Extractor as JsonExtractor
from pipelines.parsing.readers.json_pieces import Piece as JsonPiece
from pipelines.parsing.readers.json_pieces import Surroundings
from pipelines.parsing.readers.json_pieces import pieces as json_pieces
from pipelines.parsing.readers.table_batch import Batch
from pipelines.parsing.readers.table_header import header_missing
from pipelines.parsing.readers.workbook_reader import read_workbook
from pipelines.parsing.readers.xml_documents import document_pieces
from pipelines.parsing.readers.xml_extractor import Extractor, header_values
from pipelines.parsing.readers.xml_pieces import Piece, Skeleton, piece_records, pieces
from pipelines.receiving.delivery_gate import inspect, refuse_unlike_declared, unpack
from pipelines.receiving.landing import Report
from pipelines.receiving.manifest import Manifest, manifests
from pipelines.state.home import Home

# Raised by hand whenever the same bytes and the same declaration would give other rows.
PARSER_VERSION = 2
_THREADS = 2
_SMALL_BYTES = 16 << 20

Item = TypeVar("Item")
Shape = Callable[[dict[str, pl.DataFrame]], dict[str, pl.DataFrame]]


def contract_version(source: Source) -> str:
    """A digest of everything besides the bytes that decides what a delivery becomes: declaration, parse.py, parser."""
    digest = hashlib.sha256(str(PARSER_VERSION).encode())
    for name in ("source.yaml", "parse.py"):
        path = source.folder / name
        if path.exists():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def pending(home: Home, source: Source) -> list[Manifest]:
    """Deliveries whose bytes have not been parsed under the present contract."""
    version = contract_version(source)
    return [m for m in manifests(home, source.id) if m.contract_version != version]


def parse_deliveries(
    home: Home, source: Source, report: Report, again: bool = False, only: Collection[str] | None = None
) -> list[Manifest]:
    """Gate and parse what is not parsed yet (with `again`, everything), or just the deliveries named in `only` by
    their SHA-256; returns the manifests written.

    A delivery that is not what the source declares is refused whole with its reason, and the others go on.
    """
    due = manifests(home, source.id) if again or only is not None else pending(home, source)
    due = [manifest for manifest in due if only is None or manifest.sha256 in only]
    if not due:
        return []
    home.runs.mkdir(parents=True, exist_ok=True)
    for left in home.runs.glob(f"{_folder_prefix(source)}*"):
        # What a killed run unpacked; a source is parsed by one process at a time.
        shutil.rmtree(left)
    reader = _Reader.of(source)

    def parse(manifest: Manifest) -> Manifest:
        return _parse_one(home, reader, manifest, report)

    # A small delivery does not fill the threads that its pieces are shared out to, so two are parsed at a time.
    small = [manifest for manifest in due if manifest.bytes <= _SMALL_BYTES]
    with ThreadPoolExecutor(_THREADS) as pool:
        parsed = {manifest.sha256: manifest for manifest in pool.map(parse, small)}
    return [parsed.get(manifest.sha256) or parse(manifest) for manifest in due]


def _folder_prefix(source: Source) -> str:
    return f"parse-{source.id}-"


@dataclass(frozen=True)
class _Reader:
    """What the deliveries of a source are read with, made once for all of them."""

    source: Source
    extractor: Extractor | None
    shape: Shape | None

    @classmethod
    def of(cls, source: Source) -> _Reader:
        shape: Shape | None = getattr(source.module("parse"), "shape", None)
        return cls(source, Extractor(source) if source.xml else None, shape)


def _parse_one(home: Home, reader: _Reader, manifest: Manifest, report: Report) -> Manifest:
    source = reader.source
    with tempfile.TemporaryDirectory(prefix=_folder_prefix(source), dir=home.runs) as name:
        folder = Path(name)
        try:
            refuse_unlike_declared(manifest.original_name, manifest.bytes, source)
            paths = unpack(manifest.path(home), source, folder)
            for number, path in enumerate(paths, 1):
                try:
                    inspect(path, source)
                except DeliveryRefused as refusal:
                    place = f"file {number} of the archive: " if len(paths) > 1 else ""
                    raise DeliveryRefused(f"{place}{refusal}") from refusal
            writer = _read(home, reader, manifest, paths, folder, report)
        except DeliveryRefused as refusal:
            manifest.state, manifest.reason = "refused", str(refusal)
            manifest.n_records = manifest.n_loaded = manifest.n_quarantined = manifest.n_skipped = None
            manifest.rows, manifest.findings = {}, {}
            remove_outputs(home, source, manifest.sha256)
        else:
            writer.install()
            manifest.state = "quarantined" if writer.n_quarantined and not writer.n_loaded else "loaded"
            manifest.reason = None
            manifest.n_records, manifest.n_loaded = writer.n_records, writer.n_loaded
            manifest.n_quarantined, manifest.n_skipped = writer.n_quarantined, writer.n_skipped
            manifest.rows, manifest.findings = dict(writer.rows), dict(sorted(writer.findings.items()))
    manifest.contract_version = contract_version(source)
    manifest.save(home)
    return manifest


def _read(
    home: Home, reader: _Reader, manifest: Manifest, paths: list[Path], folder: Path, report: Report
) -> LakeWriter:
    """The delivery read and written beside the lake.

    Fast readers take for granted what nearly every file keeps to (no comments or CDATA that hold tags, sound quoting,
    one encoding) and refuse when they meet anything else; then the careful readers decide.
    Raises DeliveryRefused with the careful readers' reason.
    """
    for careful in (False, True):
        writer = LakeWriter(home, reader.source, manifest, folder)
        try:
            for part in _parts(reader, paths, folder, careful):
                writer.write(part)
                report(f"{manifest.original_name}", writer.n_records)
            writer.finish()
            writer.refuse_unless_conserved()
            return writer
        except (DeliveryRefused, pl.exceptions.PolarsError, csv.Error) as refusal:
            if careful:
                raise DeliveryRefused(str(refusal)) from refusal
        finally:
            writer.close()
    raise AssertionError("the careful reading returns or raises")


def _parts(reader: _Reader, paths: list[Path], folder: Path, careful: bool) -> Iterator[Part]:
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
    """The XML file itself, or what it says written to `folder` in UTF-8."""
    encoding = declared_encoding(path)
    if encoding == "utf-8":
        return path
    plain = folder / f"{path.stem}.utf8.xml"
    to_utf8(path, encoding, plain)
    return plain


def _xml_parts(reader: _Reader, path: Path, folder: Path, offset: int, careful: bool) -> Iterator[Part]:
    source, extractor = reader.source, reader.extractor
    assert extractor is not None
    plain = utf8_xml(path, folder)
    header = header_values(plain, source)
    skeleton = Skeleton()

    def work(piece: Piece) -> Part:
        return _xml_part(piece, reader, extractor, header, offset)

    with plain.open("rb") as stream:
        yield from _in_order(work, pieces(stream, source, skeleton, careful))
    root = skeleton.document(source)
    skeleton.refuse_wrong_total(source, root)
    unknown = Counter(str(element.tag) for element in root.iter(etree.Element))
    known = extractor.known_names
    yield Part({}, pl.DataFrame(), 0, 0, Counter({f"element:{k}": v for k, v in unknown.items() if k not in known}))


def _document_parts(reader: _Reader, paths: list[Path]) -> Iterator[Part]:
    extractor = reader.extractor
    assert extractor is not None

    def work(piece: Piece) -> Part:
        return _xml_part(piece, reader, extractor, {}, 0)

    return _in_order(work, document_pieces(paths, reader.source))


def _xml_part(piece: Piece, reader: _Reader, extractor: Extractor, header: dict[str, str | None], offset: int) -> Part:
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
    part = Part(
        checked.tables, broken, piece.count, 0, Counter({f"element:{k}": v for k, v in extracted.unknown.items()})
    )
    part.quarantined_texts = checked.broken_texts
    return _shifted(part, offset)


def table_batches(path: Path, source: Source, folder: Path, careful: bool) -> tuple[Iterator[Batch], bool]:
    """The batches of a CSV file or workbook, and whether it has bytes that are no text in its encoding.

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


def _table_parts(reader: _Reader, path: Path, folder: Path, offset: int, careful: bool) -> Iterator[Part]:
    source = reader.source
    batches, undecodable = table_batches(path, source, folder, careful)
    seen_headers: set[str] = set()

    def work(batch: Batch) -> Part:
        return _table_part(batch, reader, undecodable, offset)

    for part in _in_order(work, continued(batches, source)):
        # A column nobody declared is one finding per file, not one per batch.
        part.findings = Counter({k: v for k, v in part.findings.items() if k not in seen_headers})
        seen_headers.update(part.findings)
        yield part


def _table_part(batch: Batch, reader: _Reader, undecodable: bool, offset: int) -> Part:
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
    return _shifted(Part(checked.tables, broken, n_seen, skipped, findings, checked.broken_texts), offset)


def utf8_json(path: Path, source: Source, folder: Path) -> tuple[Path, bool]:
    """The JSON file itself, or what it says written to `folder` in UTF-8, and whether it has bytes that are no text."""
    if is_utf8(path) and not has_byte(path, b"\0"):
        return path, False
    plain = folder / f"{path.stem}.utf8{path.suffix.lower()}"
    return plain, to_utf8(path, detect(path, list(source.delivery.encodings)), plain)


def _json_parts(reader: _Reader, path: Path, folder: Path, offset: int, careful: bool) -> Iterator[Part]:
    source = reader.source
    plain, undecodable = utf8_json(path, source, folder)
    surroundings = Surroundings()
    extractor = JsonExtractor(source, surroundings)

    def work(piece: JsonPiece) -> Part:
        return _json_part(piece, reader, extractor, undecodable, offset)

    yield from _in_order(work, json_pieces(plain, source, surroundings))


def _json_part(piece: JsonPiece, reader: _Reader, extractor: JsonExtractor, undecodable: bool, offset: int) -> Part:
    extracted = extractor.extract(piece)
    tables = extracted.tables
    if reader.shape is not None:
        tables = reader.shape(tables)
    checked = check(reader.source, tables, undecodable)
    broken = pl.concat([extracted.broken, checked.broken]).sort("record_no")
    broken = broken.with_columns(raw=piece.raw.gather(broken["record_no"] - piece.first))
    findings = Counter({f"key:{name}": n for name, n in extracted.unknown.items()})
    return _shifted(Part(checked.tables, broken, len(piece.raw), 0, findings, checked.broken_texts), offset)


def _shifted(part: Part, offset: int) -> Part:
    if offset:
        move = (pl.col("record_no") + offset).alias("record_no")
        part.tables = {name: frame.with_columns(move) for name, frame in part.tables.items()}
        part.quarantined = part.quarantined.with_columns(move)
        part.quarantined_texts = {name: frame.with_columns(move) for name, frame in part.quarantined_texts.items()}
    return part


_READERS = {"xml": _xml_parts, "table": _table_parts, "json": _json_parts, "jsonl": _json_parts}


def _in_order(work: Callable[[Item], Part], items: Iterable[Item]) -> Iterator[Part]:
    """Results of `work` in the order of `items`, a few at a time on threads (the heavy parts release the GIL)."""
    with ThreadPoolExecutor(_THREADS) as pool:
        waiting: deque[Future[Part]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > _THREADS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
