"""The state of the warehouse: the current release, each source's deliveries and freshness, the last gates' results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from pipelines.contract.declarations import Source
from pipelines.receiving.fetch_ledger import failures
from pipelines.receiving.landing import has_landed
from pipelines.receiving.manifest import Manifest, manifests
from pipelines.releases.release import Release, current_release, open_current
from pipelines.state.home import Home


@dataclass(frozen=True)
class SourceStatus:
    """One source. Counts are over all its deliveries; `age_hours` is since the newest that was not refused whole."""

    source_id: str
    title_zh: str
    title_en: str
    last_name: str | None
    last_received_at: datetime | None
    last_state: str | None
    last_reason: str | None
    age_hours: float | None
    freshness_hours: int
    is_fresh: bool
    n_deliveries: int
    n_refused: int
    n_records: int
    n_loaded: int
    n_quarantined: int
    n_skipped: int
    has_landed: bool
    not_fetched: dict[str, str]


@dataclass(frozen=True)
class FailedCheck:
    """A check of the current release that did not pass: it only warns, or was overridden for a reason."""

    gate: str
    check_name: str
    source_id: str | None
    table_name: str | None
    severity: str
    observed: str | None
    expected: str | None
    override_reason: str | None


@dataclass(frozen=True)
class GateStatus:
    """The checks of one gate in the current release."""

    gate: str
    n_checks: int
    n_passed: int
    checked_at: datetime | None
    failed: list[FailedCheck]


@dataclass(frozen=True)
class Status:
    """What `touchstone status` reports."""

    release: Release | None
    sources: list[SourceStatus]
    gates: list[GateStatus]


def status(home: Home, sources: Iterable[Source], now: datetime) -> Status:
    """The state of a home at a moment (with its zone), from the archive's manifests and the current release."""
    release = current_release(home)
    return Status(
        release=release,
        sources=[_source_status(home, source, now) for source in sources],
        gates=_gates(home, release) if release is not None and "audit.checks" in release.tables else [],
    )


def _source_status(home: Home, source: Source, now: datetime) -> SourceStatus:
    deliveries = sorted(manifests(home, source.id), key=lambda manifest: manifest.received_at)
    last = deliveries[-1] if deliveries else None
    accepted = [manifest for manifest in deliveries if manifest.state != "refused"]
    age_hours = (now - accepted[-1].received_at).total_seconds() / 3600 if accepted else None
    return SourceStatus(
        source_id=source.id,
        title_zh=source.title.zh,
        title_en=source.title.en,
        last_name=last.original_name if last else None,
        last_received_at=last.received_at if last else None,
        last_state=last.state if last else None,
        last_reason=last.reason if last else None,
        age_hours=age_hours,
        freshness_hours=source.freshness_hours,
        is_fresh=age_hours is not None and age_hours <= source.freshness_hours,
        n_deliveries=len(deliveries),
        n_refused=len(deliveries) - len(accepted),
        n_records=_total(accepted, "n_records"),
        n_loaded=_total(accepted, "n_loaded"),
        n_quarantined=_total(accepted, "n_quarantined"),
        n_skipped=_total(accepted, "n_skipped"),
        has_landed=has_landed(home, source),
        not_fetched=failures(home, source),
    )


def _total(deliveries: list[Manifest], count: str) -> int:
    return sum(getattr(manifest, count) or 0 for manifest in deliveries)


def _gates(home: Home, release: Release) -> list[GateStatus]:
    reasons = {(override.gate, override.check): override.reason for override in release.overrides}
    with open_current(home) as connection:
        totals = connection.execute(
            "select gate, count(*), count(*) filter (passed), max(checked_at) from audit.checks"
            " group by gate order by 4, 1"
        ).fetchall()
        return [
            GateStatus(str(gate), int(n_checks), int(n_passed), checked_at, _failed(connection, str(gate), reasons))
            for gate, n_checks, n_passed, checked_at in totals
        ]


def _failed(
    connection: duckdb.DuckDBPyConnection, gate: str, reasons: Mapping[tuple[str, str], str]
) -> list[FailedCheck]:
    rows = connection.execute(
        "select gate, check_name, source_id, table_name, severity, observed::varchar, expected::varchar"
        " from audit.checks where gate = ? and not passed order by severity, source_id, table_name, check_name",
        [gate],
    ).fetchall()
    return [
        FailedCheck(
            gate,
            name,
            source_id,
            table,
            severity,
            observed,
            expected,
            reasons.get((gate, f"{source_id}/{name}" if source_id else name)),
        )
        for _, name, source_id, table, severity, observed, expected in rows
    ]
