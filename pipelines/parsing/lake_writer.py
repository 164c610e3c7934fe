"""The output of parsing: rows in the lake, refused records in quarantine; each file is complete or not there."""

from __future__ import annotations

import os
from collections import Counter, deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.contract.check import lake_schema
from pipelines.contract.declarations import Source
from pipelines.contract.refusal import DeliveryRefused
from pipelines.receiving.manifest import Manifest
from pipelines.state.home import Home

_QUARANTINE_COLUMNS: dict[str, pa.DataType] = {
    "source_id": pa.large_string(),
    "delivery_sha256": pa.large_string(),
    "record_no": pa.int64(),
    "rule": pa.large_string(),
    "detail": pa.large_string(),
    "raw": pa.large_string(),
    "first_seen_at": pa.timestamp("us"),
}
QUARANTINE_SCHEMA = pa.schema(_QUARANTINE_COLUMNS)
# Parts that wait for the writing thread; each is held in memory until it is written.
_MOST_WAITING = 2


@dataclass
class ParsedPart:
    """What one stretch of a delivery became; `n_seen` records of it were met."""

    tables: dict[str, pl.DataFrame]
    quarantined: pl.DataFrame
    n_seen: int
    n_skipped: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    quarantined_texts: dict[str, pl.DataFrame] = field(default_factory=dict)


def remove_outputs(home: Home, source: Source, sha256: str) -> None:
    """Remove what a delivery once became."""
    for target in _targets(home, source, sha256).values():
        target.unlink(missing_ok=True)


def _targets(home: Home, source: Source, sha256: str) -> dict[str, Path]:
    """The path of each output of a delivery, by the name under which it is written."""
    name = f"{sha256}.parquet"
    return {
        **{f"lake {entity}": home.lake(source.id, entity) / name for entity in source.entities},
        **{f"texts {entity}": home.quarantined_texts(source.id, entity) / name for entity in source.entities},
        "quarantine": home.quarantine(source.id) / name,
    }


class LakeWriter:
    """Writes the parts of one delivery next to the lake, as they come, and moves them in when all are written.

    A thread of its own encodes and writes, so that reading and checking go on meanwhile.
    """

    def __init__(self, home: Home, source: Source, manifest: Manifest, folder: Path) -> None:
        self._source, self._manifest, self._folder = source, manifest, folder
        self._targets = _targets(home, source, manifest.sha256)
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._thread = ThreadPoolExecutor(1)
        self._waiting: deque[Future[None]] = deque()
        self.rows: Counter[str] = Counter()
        self.findings: Counter[str] = Counter()
        self.n_records = self.n_quarantined = self.n_skipped = 0
        for entity in source.entities:
            # An entity without rows has a file too. LZ4 takes two thirds of zstd's time.
            self._writer(f"lake {entity}", lake_schema(source, entity), "lz4")

    @property
    def n_loaded(self) -> int:
        """How many records went into the lake so far."""
        return self.rows[self._source.record_entity]

    def _path(self, output: str) -> Path:
        return self._folder / f"{output}.parquet"

    def _writer(self, output: str, schema: pa.Schema, compression: Literal["lz4", "zstd"]) -> pq.ParquetWriter:
        if output not in self._writers:
            # The least and greatest of a text serve nobody, and finding them takes a third of the time.
            measured = [field.name for field in schema if not pa.types.is_large_string(field.type)]
            self._writers[output] = pq.ParquetWriter(
                self._path(output), schema, compression=compression, use_dictionary=False, write_statistics=measured
            )
        return self._writers[output]

    def write(self, part: ParsedPart) -> None:
        """Append a part. Raises what went wrong in writing an earlier one."""
        for entity, frame in part.tables.items():
            self.rows[entity] += len(frame)
        self.n_records += part.n_seen
        self.n_quarantined += len(part.quarantined)
        self.n_skipped += part.n_skipped
        self.findings.update(part.findings)
        while len(self._waiting) >= _MOST_WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self._write, part))

    def _write(self, part: ParsedPart) -> None:
        for entity, frame in part.tables.items():
            if len(frame):
                schema = lake_schema(self._source, entity)
                rows = frame.select(schema.names).to_arrow(compat_level=pl.CompatLevel.oldest())
                self._writers[f"lake {entity}"].write_table(rows)
        if len(part.quarantined):
            refused = part.quarantined.select(
                source_id=pl.lit(self._source.id),
                delivery_sha256=pl.lit(self._manifest.sha256),
                record_no="record_no",
                rule="rule",
                detail="detail",
                raw="raw",
                first_seen_at=pl.lit(self._manifest.received_at.replace(tzinfo=None)),
            ).to_arrow(compat_level=pl.CompatLevel.oldest())
            self._writer("quarantine", QUARANTINE_SCHEMA, "zstd").write_table(refused)
        for entity, frame in part.quarantined_texts.items():
            if len(frame):
                texts = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
                self._writer(f"texts {entity}", texts.schema, "zstd").write_table(texts)

    def finish(self) -> None:
        """Wait until every part is written. Raises what went wrong in writing."""
        while self._waiting:
            self._waiting.popleft().result()

    def close(self) -> None:
        """Finish the files, also where writing stopped early."""
        self._thread.shutdown()
        for writer in self._writers.values():
            writer.close()

    def refuse_unless_conserved(self) -> None:
        """Raises DeliveryRefused when records were lost or doubled on the way."""
        if self.n_records != self.n_loaded + self.n_quarantined + self.n_skipped:
            raise DeliveryRefused(
                f"{self.n_records} records are not {self.n_loaded} loaded + {self.n_quarantined} quarantined + "
                f"{self.n_skipped} skipped; an error in the parser of {self._source.id}: report it"
            )

    def install(self) -> None:
        """Move the finished files into the lake and the quarantine, over what an earlier parse left there."""
        for output, target in self._targets.items():
            if output in self._writers:
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(self._path(output), target)
            else:
                target.unlink(missing_ok=True)
