"""The rows that corrections are written for: where they are, and whether they still hold what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb
import polars as pl

from pipelines.contract.declarations import Entity, Source
from pipelines.errors import UsageError
from pipelines.lake.corrections import (
    RECORD_ADDRESS,
    Correction,
    CorrectionOutdated,
    corrections_path,
)
from pipelines.receiving.manifest import Manifest
from pipelines.state.database import quoted
from pipelines.state.home import Home


@dataclass(frozen=True)
class CorrectionTarget:
    """A row that a correction is written for; `expected` where it holds what the correction expects."""

    correction: Correction
    sha256: str
    record_no: int
    item_no: int | None
    expected: bool
    is_quarantined: bool

    @property
    def address(self) -> tuple[str, int, int | None]:
        return self.sha256, self.record_no, self.item_no


def quarantined_texts(home: Home, source: Source, taken: Mapping[str, Manifest]) -> dict[str, pl.DataFrame]:
    """Per entity the rows of quarantined records as received, by (delivery_sha256, record_no[, item_no])."""
    texts: dict[str, pl.DataFrame] = {}
    for entity, declared in source.entities.items():
        folder = home.quarantined_texts(source.id, entity)
        frames = [
            pl.read_parquet(path).select(pl.lit(sha256).alias("delivery_sha256"), pl.all())
            for sha256 in taken
            if (path := folder / f"{sha256}.parquet").exists()
        ]
        if frames:
            # Of a source that waits to be parsed anew, the texts may lack a column declared since.
            frame = pl.concat(frames, how="diagonal")
            missing = [column.name for column in declared.columns if column.name not in frame.columns]
            texts[entity] = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)
    return texts


def loaded_targets(
    connection: duckdb.DuckDBPyConnection, source: Source, entity: str, correction: Correction
) -> list[CorrectionTarget]:
    """The rows of the lake that a correction is written for."""
    match = _condition(source.entities[entity], correction.match, as_text=False)
    expect = _condition(source.entities[entity], correction.expect, as_text=False)
    item_no = "null" if entity == source.record_entity else "item_no"
    rows = connection.execute(
        f"select delivery_sha256, record_no, {item_no}, {expect.sql} from lake.{quoted(f'{source.id}__{entity}')}"
        f" where delivery_sha256 is not null and {match.sql} order by all",
        [*expect.values, *match.values],
    ).fetchall()
    return [CorrectionTarget(correction, str(row[0]), int(row[1]), row[2], bool(row[3]), False) for row in rows]


def quarantined_targets(
    connection: duckdb.DuckDBPyConnection, entity: Entity, texts: pl.DataFrame, correction: Correction
) -> list[CorrectionTarget]:
    """The quarantined rows that a correction is written for."""
    match = _condition(entity, correction.match, as_text=True)
    expect = _condition(entity, correction.expect, as_text=True)
    item_no = "item_no" if "item_no" in texts.columns else "null"
    connection.register("quarantined_texts", texts.to_arrow())
    rows = connection.execute(
        f"select delivery_sha256, record_no, {item_no}, {expect.sql} from quarantined_texts"
        f" where {match.sql} order by all",
        [*expect.values, *match.values],
    ).fetchall()
    connection.unregister("quarantined_texts")
    return [CorrectionTarget(correction, str(row[0]), int(row[1]), row[2], bool(row[3]), True) for row in rows]


@dataclass(frozen=True)
class _Condition:
    sql: str
    values: list[object]


def _condition(entity: Entity, wanted: Mapping[str, str | None], *, as_text: bool) -> _Condition:
    """Whether a row holds the wanted values: of the lake by type, in quarantine as received."""
    from pipelines.contract.check import typed_values

    terms: list[str] = []
    values: list[object] = []
    for name, text in wanted.items():
        value: object = text
        if name == "delivery_sha256":
            terms.append("starts_with(delivery_sha256, ?)")
        elif name in RECORD_ADDRESS:
            terms.append(f"{name} = try_cast(? as bigint)")
        elif as_text:
            terms.append(f"{quoted(name)} is not distinct from ?")
        else:
            try:
                typed = typed_values(entity, {name: text}, rules=False)
            except ValueError:
                # A value that breaks the column's type is in quarantine, never in the lake.
                return _Condition("false", [])
            shown, kind = shown_column(entity, name)
            terms.append(f"{quoted(shown)} is not distinct from cast(? as {kind})")
            value = typed[shown]
        values.append(value)
    return _Condition(" and ".join(terms), values)


def shown_column(entity: Entity, name: str) -> tuple[str, str]:
    """The lake column (name, DuckDB type) that holds all that was received of a declared one."""
    columns = entity.by_name[name].lake_columns
    return columns[-1] if entity.by_name[name].type == "partial_date" else columns[0]


def refuse_outdated(
    source: Source, correction: Correction, targets: list[CorrectionTarget], taken: Mapping[str, Manifest]
) -> None:
    """Raise CorrectionOutdated when the newest delivery with the record no longer holds what is expected."""
    if not targets:
        return

    def age(target: CorrectionTarget) -> tuple[date, datetime]:
        manifest = taken[target.sha256]
        return manifest.snapshot_date or date.min, manifest.received_at.astimezone(UTC)

    newest = max(map(age, targets))
    latest = [target for target in targets if age(target) == newest]
    if any(target.expected for target in latest):
        return
    expected = ", ".join(f"{name} {value!r}" for name, value in correction.expect.items())
    raise CorrectionOutdated(
        f"{corrections_path(source)}: correction {correction.id}: {taken[latest[0].sha256].original_name} record"
        f" {latest[0].record_no} does not have {expected}: the publisher has corrected it; remove the correction"
    )


def refuse_contradictions(source: Source, targets: list[CorrectionTarget]) -> None:
    """Raise UsageError when two corrections decide on the same record, item or value."""
    decided: dict[tuple[object, ...], str] = {}
    for target in sorted(targets, key=lambda target: not target.correction.drop):
        entity = target.correction.entity or source.record_entity
        record, row = (target.sha256, target.record_no), (entity, *target.address)
        # A dropped record takes its lists with it.
        above: list[tuple[object, ...]] = [record, row]
        if target.correction.drop:
            below: list[tuple[object, ...]] = [record if entity == source.record_entity else row]
        else:
            below = [(*row, name) for name in target.correction.set_]
        others = {decided[place] for place in [*above, *below] if place in decided} - {target.correction.id}
        if others:
            raise UsageError(
                f"{corrections_path(source)}: corrections {min(others)} and {target.correction.id} both decide on"
                f" record {target.record_no} of delivery {target.sha256[:12]}; leave one of them"
            )
        decided.update(dict.fromkeys(below, target.correction.id))
