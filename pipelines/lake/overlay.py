"""Corrections as data: what is wrong in a publisher's record, put right between the lake and the build.

The lake stays as parsed and quarantine as refused. `apply` lays the corrections of `sources/<id>/corrections.yaml` over
the views that gates and dbt read: a corrected row takes the place of the one received, a dropped record is gone from
them, and a quarantined record that keeps the contract once corrected is loaded after all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import polars as pl

from pipelines.contract.declarations import Source
from pipelines.lake.correction_targets import (
    CorrectionTarget,
    loaded_targets,
    quarantined_targets,
    quarantined_texts,
    refuse_contradictions,
    refuse_outdated,
    shown_column,
)
from pipelines.lake.corrections import (
    Correction,
    load_corrections,
)
from pipelines.receiving.manifest import Manifest
from pipelines.state.database import quoted
from pipelines.state.home import Home


def create_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Create `lake.corrections`: a row per correction, record and column that it changed, and one per correction that
    waits for its record."""
    connection.execute(
        """
        create table lake.corrections(
            source_id varchar, correction_id varchar, entity varchar, delivery_sha256 varchar, record_no bigint,
            item_no bigint, action varchar, column_name varchar, old_value varchar, new_value varchar,
            was_quarantined boolean, reason varchar, author varchar, decided_date date)
        """
    )


def apply(connection: duckdb.DuckDBPyConnection, home: Home, source: Source, manifests: Iterable[Manifest]) -> None:
    """Lay the source's corrections over its views in schema `lake`, which `build.create_lake` has made.

    `lake.deliveries` then counts a record dropped as skipped and a record freed from quarantine as loaded, and
    `lake.quarantine` no longer has either. Raises UsageError for corrections that cannot be used or contradict each
    other, and CorrectionOutdated when the newest delivery that has a correction's record does not hold what it expects.
    """
    corrections = load_corrections(source)
    taken = {m.sha256: m for m in manifests if m.state in ("loaded", "quarantined")}
    if not corrections or not taken:
        return
    texts = quarantined_texts(home, source, taken)
    targets: list[CorrectionTarget] = []
    for correction in corrections:
        entity = correction.entity or source.record_entity
        of_correction = loaded_targets(connection, source, entity, correction)
        if entity in texts:
            of_correction += quarantined_targets(connection, source.entities[entity], texts[entity], correction)
        refuse_outdated(source, correction, of_correction, taken)
        targets += [target for target in of_correction if target.expected]
        if not of_correction:
            _note(connection, source, correction, None, "waiting")
    refuse_contradictions(source, targets)
    overlay = _Overlay(connection, source)
    overlay.correct([target for target in targets if not target.is_quarantined])
    overlay.free([target for target in targets if target.is_quarantined], texts)
    overlay.install()


def _note(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    correction: Correction,
    target: CorrectionTarget | None,
    action: str,
    change: tuple[str, object, str | None] = ("", None, None),
) -> None:
    column, old, new = change
    connection.execute(
        f"insert into lake.corrections values ({', '.join('?' * 14)})",
        [
            source.id,
            correction.id,
            correction.entity or source.record_entity,
            *(target.address if target else (None, None, None)),
            action,
            column or None,
            None if old is None else str(old),
            new,
            target.is_quarantined if target else False,
            correction.reason,
            correction.author,
            correction.decided_on,
        ],
    )


class _Overlay:
    """The rows that take the place of received ones, and the addresses of those that they replace."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: Source) -> None:
        self._connection, self._source = connection, source
        self._touched: set[str] = set()
        connection.execute("create schema if not exists corrected")

    def _view(self, entity: str) -> str:
        return quoted(f"{self._source.id}__{entity}")

    def _touch(self, entity: str) -> None:
        """Make the overlay of an entity where it is missing."""
        if entity in self._touched:
            return
        self._touched.add(entity)
        view = self._view(entity)
        self._connection.execute(f"create table corrected.{view} as from lake.{view} where false")
        gone = quoted(f"{self._source.id}__{entity}__gone")
        columns = "(delivery_sha256 varchar, record_no bigint, item_no bigint)"
        self._connection.execute(f"create table corrected.{gone}{columns}")

    def _is_record(self, entity: str) -> bool:
        return entity == self._source.record_entity

    def _item_no(self, entity: str) -> str:
        return "0" if self._is_record(entity) else "item_no"

    def correct(self, targets: list[CorrectionTarget]) -> None:
        """Replace or drop rows of the lake."""
        copied: set[tuple[str, str, int, int | None]] = set()
        for target in targets:
            entity = target.correction.entity or self._source.record_entity
            place = (target.sha256, target.record_no, target.item_no or 0)
            if target.correction.drop:
                self._drop(entity, target)
                continue
            self._touch(entity)
            row = f"delivery_sha256 = ? and record_no = ? and {self._item_no(entity)} = ?"
            if (entity, *target.address) not in copied:
                copied.add((entity, *target.address))
                self._connection.execute(
                    f"insert into corrected.{self._view(entity)} from lake.{self._view(entity)} where {row}", [*place]
                )
                self._gone(entity, row, place)
            self._set(entity, target, row, place)

    def _set(self, entity: str, target: CorrectionTarget, row: str, place: tuple[str, int, int]) -> None:
        from pipelines.contract.check import typed_values

        declared = self._source.entities[entity]
        table = f"corrected.{self._view(entity)}"
        for name, text in target.correction.set_.items():
            shown, _ = shown_column(declared, name)
            old = self._connection.execute(f"select {quoted(shown)} from {table} where {row}", [*place]).fetchall()
            values = typed_values(declared, {name: text})
            changes = ", ".join(f"{quoted(column)} = ?" for column in values)
            self._connection.execute(f"update {table} set {changes} where {row}", [*values.values(), *place])
            new = values[shown]
            change = (name, old[0][0], None if new is None else str(new))
            _note(self._connection, self._source, target.correction, target, "set", change)

    def _gone(self, entity: str, row: str, place: tuple[str, int, int]) -> None:
        gone = quoted(f"{self._source.id}__{entity}__gone")
        self._connection.execute(
            f"insert into corrected.{gone} select delivery_sha256, record_no, {self._item_no(entity)}"
            f" from lake.{self._view(entity)} where {row}",
            [*place],
        )

    def _drop(self, entity: str, target: CorrectionTarget) -> None:
        _note(self._connection, self._source, target.correction, target, "drop")
        if not self._is_record(entity):
            self._touch(entity)
            row = "delivery_sha256 = ? and record_no = ? and item_no = ?"
            self._gone(entity, row, (target.sha256, target.record_no, target.item_no or 0))
            return
        for name in self._source.entities:
            self._touch(name)
            self._gone(name, "delivery_sha256 = ? and record_no = ? and 0 = ?", (target.sha256, target.record_no, 0))
        self._count(target.sha256, "n_loaded", "n_skipped")

    def free(self, targets: list[CorrectionTarget], texts: Mapping[str, pl.DataFrame]) -> None:
        """Load the quarantined records that keep the contract once corrected, and leave out those to be dropped."""
        from pipelines.contract.check import check

        by_delivery: dict[str, list[CorrectionTarget]] = {}
        for target in targets:
            by_delivery.setdefault(target.sha256, []).append(target)
        for sha256, of_delivery in by_delivery.items():
            dropped = {
                target.record_no: target for target in of_delivery if target.correction.drop and target.item_no is None
            }
            for record_no, target in dropped.items():
                _note(self._connection, self._source, target.correction, target, "drop")
                self._leave_quarantine(sha256, record_no, "n_skipped")
            chosen = sorted({target.record_no for target in of_delivery} - dropped.keys())
            corrected = _corrected_texts(self._source, texts, sha256, chosen, of_delivery)
            # Whether the file was undecodable is not kept; where it was, the places still show it.
            checked = check(self._source, corrected, undecodable=True)
            still_broken = set(checked.broken["record_no"].to_list())
            for entity, frame in checked.tables.items():
                if len(frame):
                    self._load(entity, sha256, frame)
            for record_no in chosen:
                if record_no not in still_broken:
                    self._leave_quarantine(sha256, record_no, "n_loaded")
            for target in of_delivery:
                if target.record_no in still_broken or target.record_no in dropped:
                    continue
                self._note_freed(target, texts)

    def _note_freed(self, target: CorrectionTarget, texts: Mapping[str, pl.DataFrame]) -> None:
        entity = target.correction.entity or self._source.record_entity
        if target.correction.drop:
            _note(self._connection, self._source, target.correction, target, "drop")
        row = _at(texts[entity], target)
        for name, text in target.correction.set_.items():
            _note(self._connection, self._source, target.correction, target, "set", (name, row[name], text))

    def _load(self, entity: str, sha256: str, frame: pl.DataFrame) -> None:
        self._touch(entity)
        columns = self._source.lake_columns(entity)
        self._connection.register("freed", frame.to_arrow())
        self._connection.execute(
            f"insert into corrected.{self._view(entity)} select ?, "
            + ", ".join(f"{quoted(name)}::{kind}" for name, kind in columns)
            + " from freed",
            [sha256],
        )
        self._connection.unregister("freed")

    def _leave_quarantine(self, sha256: str, record_no: int, becomes: str) -> None:
        self._connection.execute(
            "delete from lake.quarantine where source_id = ? and delivery_sha256 = ? and record_no = ?",
            [self._source.id, sha256, record_no],
        )
        self._count(sha256, "n_quarantined", becomes)

    def _count(self, sha256: str, was: str, becomes: str) -> None:
        self._connection.execute(
            f"update lake.deliveries set {was} = {was} - 1, {becomes} = {becomes} + 1"
            " where source_id = ? and sha256 = ?",
            [self._source.id, sha256],
        )

    def install(self) -> None:
        """Put the overlay into the views."""
        self._connection.execute(
            "update lake.deliveries set state = case when n_loaded = 0 and n_quarantined > 0 then 'quarantined'"
            " else 'loaded' end where source_id = ? and state in ('loaded', 'quarantined')",
            [self._source.id],
        )
        for entity in sorted(self._touched):
            view = self._view(entity)
            as_received = quoted(f"{self._source.id}__{entity}__as_received")
            gone = quoted(f"{self._source.id}__{entity}__gone")
            names = ", ".join(quoted(name) for name, _ in self._source.lake_columns(entity))
            self._connection.execute(f"alter view lake.{view} rename to {as_received}")
            self._connection.execute(
                f"""
                create view lake.{view} as
                select delivery_sha256, {names} from lake.{as_received} as received
                where not exists (
                    select 1 from corrected.{gone} as gone
                    where gone.delivery_sha256 = received.delivery_sha256 and gone.record_no = received.record_no
                        and gone.item_no = {"0" if self._is_record(entity) else "received.item_no"}
                )
                union all
                select delivery_sha256, {names} from corrected.{view}
                """
            )


def _at(texts: pl.DataFrame, target: CorrectionTarget) -> dict[str, Any]:
    """The row of quarantined texts at a target's address."""
    import polars as pl

    here = (pl.col("delivery_sha256") == target.sha256) & (pl.col("record_no") == target.record_no)
    if target.item_no is not None:
        here &= pl.col("item_no") == target.item_no
    return texts.filter(here).row(0, named=True)


def _corrected_texts(
    source: Source,
    texts: Mapping[str, pl.DataFrame],
    sha256: str,
    record_nos: list[int],
    targets: list[CorrectionTarget],
) -> dict[str, pl.DataFrame]:
    """The texts of some quarantined records of a delivery, with the corrections in them, in every declared entity."""
    import polars as pl

    made: dict[str, pl.DataFrame] = {}
    for entity in source.entities:
        if entity not in texts:
            made[entity] = pl.DataFrame(schema={"record_no": pl.Int64, "item_no": pl.Int64})
            continue
        frame = texts[entity].filter((pl.col("delivery_sha256") == sha256) & pl.col("record_no").is_in(record_nos))
        for target in targets:
            if (target.correction.entity or source.record_entity) != entity or target.record_no not in record_nos:
                continue
            here = pl.col("record_no") == target.record_no
            if target.item_no is not None:
                here &= pl.col("item_no") == target.item_no
            if target.correction.drop:
                frame = frame.filter(~here)
            else:
                frame = frame.with_columns(
                    pl.when(here).then(pl.lit(text, pl.String)).otherwise(pl.col(name)).alias(name)
                    for name, text in target.correction.set_.items()
                )
        made[entity] = frame.drop("delivery_sha256")
    return made
