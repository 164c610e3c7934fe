"""Quarantined records and refused deliveries, with their reasons, read from the home and not from a release.

A run whose gates refused makes no release, and that is the run whose quarantine people want to read.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.contract.declarations import Source
from pipelines.errors import UsageError
from pipelines.receiving.landing import Report
from pipelines.receiving.manifest import manifests
from pipelines.state.home import Home
from pipelines.state.lock import refresh_lock


@dataclass(frozen=True)
class RuleCount:
    """The records of one delivery that broke one rule."""

    source_id: str
    delivery_sha256: str
    rule: str
    n_records: int
    first_record_no: int
    first_seen_at: datetime | None


@dataclass(frozen=True)
class RefusedDelivery:
    """A delivery refused whole."""

    source_id: str
    delivery_sha256: str
    original_name: str
    received_at: datetime
    reason: str


@dataclass(frozen=True)
class QuarantinedRecord:
    """One record; `raw` is its complete text as received."""

    source_id: str
    delivery_sha256: str
    record_no: int
    rule: str
    detail: str | None
    raw: str | None
    first_seen_at: datetime | None


def rule_counts(home: Home, source_ids: list[str]) -> list[RuleCount]:
    """Quarantined records by source, delivery and rule, most first within a source."""
    files = _files(home, source_ids)
    if not files:
        return []
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select source_id, delivery_sha256, rule, count(*), min(record_no), min(first_seen_at)"
            " from read_parquet(?, union_by_name = true) group by all order by 1, 4 desc, 2, 3",
            [files],
        ).fetchall()
    return [RuleCount(*row) for row in rows]


def refused_deliveries(home: Home, source_ids: list[str]) -> list[RefusedDelivery]:
    """Deliveries refused whole, by source, newest first."""
    refused = [
        RefusedDelivery(source_id, manifest.sha256, manifest.original_name, manifest.received_at, manifest.reason or "")
        for source_id in source_ids
        for manifest in manifests(home, source_id)
        if manifest.state == "refused"
    ]
    return sorted(refused, key=lambda delivery: (delivery.source_id, -delivery.received_at.timestamp()))


def quarantined_records(
    home: Home, source_id: str, sha_prefix: str, record_no: int | None, limit: int
) -> tuple[list[QuarantinedRecord], int]:
    """Up to `limit` quarantined records of a source in file order, and how many there are.

    `sha_prefix` chooses deliveries by the first digits of their SHA-256. Raises UsageError when no such record is in
    quarantine.
    """
    files = _files(home, [source_id])
    where = "where starts_with(delivery_sha256, ?) and (?::bigint is null or record_no = ?)"
    parameters = [files, sha_prefix.lower(), record_no, record_no]
    records: list[QuarantinedRecord] = []
    total = 0
    if files:
        with duckdb.connect() as connection:
            counts = connection.execute(
                f"select count(*) from read_parquet(?, union_by_name = true) {where}", parameters
            ).fetchone()
            total = int(counts[0]) if counts else 0
            rows = connection.execute(
                "select source_id, delivery_sha256, record_no, rule, detail, raw, first_seen_at"
                f" from read_parquet(?, union_by_name = true) {where} order by 2, 3, 4 limit ?",
                [*parameters, limit],
            ).fetchall()
            records = [QuarantinedRecord(*row) for row in rows]
    if not records:
        what = f"record {record_no} of " if record_no is not None else ""
        which = f"a delivery {sha_prefix}…" if sha_prefix else "any delivery"
        raise UsageError(
            f"{home.quarantine(source_id)}: {what}{which} is not in quarantine; see `touchstone quarantine list`"
        )
    return records, total


@dataclass(frozen=True)
class Retried:
    """A delivery before and after it was parsed again; `reason` is why it is refused, if it is.

    Of the records that the contract still quarantines, `n_corrected` are loaded or dropped by a correction.
    """

    source_id: str
    delivery_sha256: str
    original_name: str
    state_before: str
    state: str
    reason: str | None
    n_quarantined_before: int
    n_quarantined: int
    n_corrected: int

    @property
    def has_changed(self) -> bool:
        """Whether the retry, or a correction, made any difference."""
        before = (self.state_before, self.n_quarantined_before)
        return before != (self.state, self.n_quarantined) or self.n_corrected > 0


def retry(home: Home, source: Source, sha_prefix: str, report: Report) -> list[Retried]:
    """Parse the source's deliveries that were refused or have quarantined records again, in the order of their digests.

    `sha_prefix` chooses deliveries by the first digits of their SHA-256, also those with nothing refused or
    quarantined. Raises UsageError when there is no such delivery, TouchstoneError while a refresh is running, and
    CorrectionOutdated.
    """
    from pipelines.lake.views import create_lake
    from pipelines.parsing.parse import parse_deliveries
    from pipelines.state.database import open_database

    with refresh_lock(home):
        before = {
            manifest.sha256: manifest
            for manifest in manifests(home, source.id)
            if manifest.sha256.startswith(sha_prefix.lower())
            and (sha_prefix or manifest.state == "refused" or manifest.n_quarantined)
        }
        if sha_prefix and not before:
            raise UsageError(f"{home.archive(source.id)}: no delivery {sha_prefix}…; see `touchstone quarantine list`")
        after = parse_deliveries(home, source, report, only=before.keys())
        if not after:
            return []
        home.runs.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix=f"parse-{source.id}-", dir=home.runs) as spill,
            open_database(None, Path(spill)) as connection,
        ):
            create_lake(connection, home, {source.id: source}, {source.id: manifests(home, source.id)})
            still_quarantined = dict(
                connection.execute("select sha256, n_quarantined from lake.deliveries").fetchall(),
            )
    return [
        Retried(
            source_id=source.id,
            delivery_sha256=now.sha256,
            original_name=now.original_name,
            state_before=before[now.sha256].state,
            state=now.state,
            reason=now.reason,
            n_quarantined_before=before[now.sha256].n_quarantined or 0,
            n_quarantined=now.n_quarantined or 0,
            n_corrected=(now.n_quarantined or 0) - (still_quarantined.get(now.sha256) or 0),
        )
        for now in after
    ]


def _files(home: Home, source_ids: list[str]) -> list[str]:
    folders: list[Path] = [home.quarantine(source_id) for source_id in source_ids]
    return [str(path) for folder in folders for path in sorted(folder.glob("*.parquet"))]
