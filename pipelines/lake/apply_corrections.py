"""Corrections as data: errors in a publisher's records, corrected between the lake and the build.

The lake stays as parsed and quarantine as refused. `apply_corrections` changes the views that gates and dbt read: a
corrected row takes the place of the one received, a dropped record is missing from them, and a quarantined record that
keeps the contract once corrected is loaded after all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

import duckdb

from pipelines.contract.declarations import Source
from pipelines.errors import UsageError
from pipelines.lake.correction_log import log_waiting
from pipelines.lake.corrections import Correction, CorrectionOutdated, corrections_path, load_corrections
from pipelines.lake.freed_records import free_records
from pipelines.lake.matched_rows import MatchedRow, matched_in_lake, matched_in_quarantine, quarantined_texts
from pipelines.lake.overlay import Overlay
from pipelines.receiving.manifest import Manifest
from pipelines.state.home import Home


def apply_corrections(
    connection: duckdb.DuckDBPyConnection, home: Home, source: Source, manifests: Iterable[Manifest]
) -> None:
    """Apply the source's corrections to its views in schema `lake`, which `create_lake` has made.

    `lake.deliveries` then counts a dropped record as skipped and a record freed from quarantine as loaded, and
    `lake.quarantine` no longer has either. Raises UsageError for corrections that cannot be used or contradict each
    other, and CorrectionOutdated when the newest delivery that has a correction's record does not have the values that
    it expects.
    """
    corrections = load_corrections(source)
    deliveries = {m.sha256: m for m in manifests if m.state in ("loaded", "quarantined")}
    if not corrections or not deliveries:
        return
    texts = quarantined_texts(home, source, deliveries)
    rows: list[MatchedRow] = []
    for correction in corrections:
        matched = matched_in_lake(connection, source, correction)
        matched += matched_in_quarantine(connection, source, texts, correction)
        _refuse_outdated(source, correction, matched, deliveries)
        rows += [row for row in matched if row.is_expected]
        if not matched:
            log_waiting(connection, source, correction)
    _refuse_contradictions(source, rows)
    overlay = Overlay(connection, source)
    for row in rows:
        if row.is_quarantined:
            continue
        if row.correction.drop:
            overlay.drop(row)
        else:
            overlay.correct(row)
    free_records(connection, source, overlay, [row for row in rows if row.is_quarantined], texts)
    overlay.install()


def _refuse_outdated(
    source: Source, correction: Correction, rows: list[MatchedRow], deliveries: Mapping[str, Manifest]
) -> None:
    if not rows:
        return

    def age(row: MatchedRow) -> tuple[date, datetime]:
        manifest = deliveries[row.sha256]
        return manifest.snapshot_date or date.min, manifest.received_at.astimezone(UTC)

    newest = max(map(age, rows))
    latest = [row for row in rows if age(row) == newest]
    if any(row.is_expected for row in latest):
        return
    expected = ", ".join(f"{name} {value!r}" for name, value in correction.expect.items())
    raise CorrectionOutdated(
        f"{corrections_path(source)}: correction {correction.id}: {deliveries[latest[0].sha256].original_name} record"
        f" {latest[0].record_no} does not have {expected}: the publisher has corrected it; remove the correction"
    )


def _refuse_contradictions(source: Source, rows: list[MatchedRow]) -> None:
    decided: dict[tuple[object, ...], str] = {}
    for row in sorted(rows, key=lambda row: not row.correction.drop):
        record, address = (row.sha256, row.record_no), (row.entity, *row.address)
        # A dropped record takes its lists with it.
        above: list[tuple[object, ...]] = [record, address]
        if row.correction.drop:
            below: list[tuple[object, ...]] = [record if row.entity == source.record_entity else address]
        else:
            below = [(*address, name) for name in row.correction.set_]
        earlier = {decided[part] for part in [*above, *below] if part in decided} - {row.correction.id}
        if earlier:
            raise UsageError(
                f"{corrections_path(source)}: corrections {min(earlier)} and {row.correction.id} both decide on record"
                f" {row.record_no} of delivery {row.sha256[:12]}; keep only one of them"
            )
        decided.update(dict.fromkeys(below, row.correction.id))
