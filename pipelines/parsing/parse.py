"""Parsing: a delivery becomes typed Parquet in the lake plus quarantine, streaming, in bounded memory.

For each delivery `records = loaded + quarantined + skipped`, or it is refused. Same bytes, same parser version
and same contract: nothing to do.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
import tempfile
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from pipelines.contract.declarations import Source
from pipelines.contract.refusal import DeliveryRefused
from pipelines.parsing.lake_writer import LakeWriter, remove_outputs
from pipelines.parsing.parts import THREADS, SourceReader, parts
from pipelines.receiving.delivery_gate import inspect, refuse_unlike_declared, unpack
from pipelines.receiving.landing import Report
from pipelines.receiving.manifest import Manifest, manifests
from pipelines.state.home import Home

# Raised by hand whenever the same bytes and the same declaration would give other rows.
PARSER_VERSION = 2
_SMALL_BYTES = 16 << 20


def contract_version(source: Source) -> str:
    """A digest of everything except the bytes that decides the result of a delivery: declaration, parse.py, parser."""
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

    A delivery that is not what the source declares is refused with its reason, and the others are parsed.
    """
    due = manifests(home, source.id) if again or only is not None else pending(home, source)
    due = [manifest for manifest in due if only is None or manifest.sha256 in only]
    if not due:
        return []
    home.runs.mkdir(parents=True, exist_ok=True)
    for left in home.runs.glob(f"{_folder_prefix(source)}*"):
        # What a killed run unpacked; a source is parsed by one process at a time.
        shutil.rmtree(left)
    reader = SourceReader.of(source)

    def parse(manifest: Manifest) -> Manifest:
        return _parse_one(home, reader, manifest, report)

    # A small delivery does not fill the threads that its pieces are shared out to, so two are parsed at a time.
    small = [manifest for manifest in due if manifest.bytes <= _SMALL_BYTES]
    with ThreadPoolExecutor(THREADS) as pool:
        parsed = {manifest.sha256: manifest for manifest in pool.map(parse, small)}
    return [parsed.get(manifest.sha256) or parse(manifest) for manifest in due]


def _folder_prefix(source: Source) -> str:
    return f"parse-{source.id}-"


def _parse_one(home: Home, reader: SourceReader, manifest: Manifest, report: Report) -> Manifest:
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
    home: Home, reader: SourceReader, manifest: Manifest, paths: list[Path], folder: Path, report: Report
) -> LakeWriter:
    """The delivery, read and written next to the lake.

    Fast readers assume what is true of nearly every file (no comments or CDATA with tags, correct quoting,
    one encoding) and refuse when they meet anything else; then the careful readers decide.
    Raises DeliveryRefused with the careful readers' reason.
    """
    for careful in (False, True):
        writer = LakeWriter(home, reader.source, manifest, folder)
        try:
            for part in parts(reader, paths, folder, careful):
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
