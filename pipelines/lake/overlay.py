"""Corrections as data: what is wrong in a publisher's record, put right between the lake and the build.

The lake stays as parsed and quarantine as refused. `apply` lays the corrections of `sources/<id>/corrections.yaml` over
the views that gates and dbt read: a corrected row takes the place of the one received, a dropped record is gone from
them, and a quarantined record that keeps the contract once corrected is loaded after all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import polars as pl

from pipelines.contract.declarations import Entity, Source
from pipelines.errors import UsageError
from pipelines.lake.corrections import (
    RECORD_ADDRESS,
    Correction,
    CorrectionOutdated,
    corrections_path,
    load_corrections,
)
from pipelines.receiving.manifest import Manifest
from pipelines.state.database import quoted
from pipelines.state.home import Home


@dataclass(frozen=True)
class _Hit:
    """A row that a correction is written for; `expected` where it is as wrong as the correction says."""

    correction: Correction
    sha256: str
    record_no: int
    item_no: int | None
    expected: bool
    is_quarantined: bool

    @property
    def address(self) -> tuple[str, int, int | None]:
        return self.sha256, self.record_no, self.item_no


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
    texts = _quarantined_texts(home, source, taken)
    hits: list[_Hit] = []
    for correction in corrections:
        entity = correction.entity or source.record_entity
        of_this = _loaded_hits(connection, source, entity, correction)
        if entity in texts:
            of_this += _quarantined_hits(connection, source.entities[entity], texts[entity], correction)
        _refuse_mended(source, correction, of_this, taken)
        hits += [hit for hit in of_this if hit.expected]
        if not of_this:
            _note(connection, source, correction, None, "waiting")
    _refuse_contradictions(source, hits)
    overlay = _Overlay(connection, source)
    overlay.correct([hit for hit in hits if not hit.is_quarantined])
    overlay.free([hit for hit in hits if hit.is_quarantined], texts)
    overlay.install()


def _quarantined_texts(home: Home, source: Source, taken: Mapping[str, Manifest]) -> dict[str, pl.DataFrame]:
    """Per entity the rows of quarantined records as received, by (delivery_sha256, record_no[, item_no])."""
    import polars as pl

    found: dict[str, pl.DataFrame] = {}
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
            found[entity] = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)
    return found


def _loaded_hits(
    connection: duckdb.DuckDBPyConnection, source: Source, entity: str, correction: Correction
) -> list[_Hit]:
    match = _condition(source.entities[entity], correction.match, as_text=False)
    expect = _condition(source.entities[entity], correction.expect, as_text=False)
    item_no = "null" if entity == source.record_entity else "item_no"
    rows = connection.execute(
        f"select delivery_sha256, record_no, {item_no}, {expect.sql} from lake.{quoted(f'{source.id}__{entity}')}"
        f" where delivery_sha256 is not null and {match.sql} order by all",
        [*expect.values, *match.values],
    ).fetchall()
    return [_Hit(correction, str(row[0]), int(row[1]), row[2], bool(row[3]), False) for row in rows]


def _quarantined_hits(
    connection: duckdb.DuckDBPyConnection, entity: Entity, texts: pl.DataFrame, correction: Correction
) -> list[_Hit]:
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
    return [_Hit(correction, str(row[0]), int(row[1]), row[2], bool(row[3]), True) for row in rows]


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
                # What breaks the column's type is in quarantine and never in the lake.
                return _Condition("false", [])
            shown, kind = shown_column(entity, name)
            terms.append(f"{quoted(shown)} is not distinct from cast(? as {kind})")
            value = typed[shown]
        values.append(value)
    return _Condition(" and ".join(terms), values)


def shown_column(entity: Entity, name: str) -> tuple[str, str]:
    """The lake column (name, DuckDB type) that says all that was received of a declared one."""
    columns = entity.by_name[name].lake_columns
    return columns[-1] if entity.by_name[name].type == "partial_date" else columns[0]


def _refuse_mended(source: Source, correction: Correction, hits: list[_Hit], taken: Mapping[str, Manifest]) -> None:
    if not hits:
        return

    def age(hit: _Hit) -> tuple[date, datetime]:
        manifest = taken[hit.sha256]
        return manifest.snapshot_date or date.min, manifest.received_at.astimezone(UTC)

    newest = max(map(age, hits))
    latest = [hit for hit in hits if age(hit) == newest]
    if any(hit.expected for hit in latest):
        return
    expected = ", ".join(f"{name} {value!r}" for name, value in correction.expect.items())
    raise CorrectionOutdated(
        f"{corrections_path(source)}: correction {correction.id}: {taken[latest[0].sha256].original_name} record"
        f" {latest[0].record_no} does not have {expected}: the publisher has mended it; remove the correction"
    )


def _refuse_contradictions(source: Source, hits: list[_Hit]) -> None:
    decided: dict[tuple[object, ...], str] = {}
    for hit in sorted(hits, key=lambda hit: not hit.correction.drop):
        entity = hit.correction.entity or source.record_entity
        record, row = (hit.sha256, hit.record_no), (entity, *hit.address)
        # A dropped record takes its lists with it.
        above: list[tuple[object, ...]] = [record, row]
        if hit.correction.drop:
            below: list[tuple[object, ...]] = [record if entity == source.record_entity else row]
        else:
            below = [(*row, name) for name in hit.correction.set_]
        others = {decided[place] for place in [*above, *below] if place in decided} - {hit.correction.id}
        if others:
            raise UsageError(
                f"{corrections_path(source)}: corrections {min(others)} and {hit.correction.id} both decide on record"
                f" {hit.record_no} of delivery {hit.sha256[:12]}; leave one of them"
            )
        decided.update(dict.fromkeys(below, hit.correction.id))


def _note(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    correction: Correction,
    hit: _Hit | None,
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
            *(hit.address if hit else (None, None, None)),
            action,
            column or None,
            None if old is None else str(old),
            new,
            hit.is_quarantined if hit else False,
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

    def correct(self, hits: list[_Hit]) -> None:
        """Replace or drop rows of the lake."""
        copied: set[tuple[str, str, int, int | None]] = set()
        for hit in hits:
            entity = hit.correction.entity or self._source.record_entity
            place = (hit.sha256, hit.record_no, hit.item_no or 0)
            if hit.correction.drop:
                self._drop(entity, hit)
                continue
            self._touch(entity)
            row = f"delivery_sha256 = ? and record_no = ? and {self._item_no(entity)} = ?"
            if (entity, *hit.address) not in copied:
                copied.add((entity, *hit.address))
                self._connection.execute(
                    f"insert into corrected.{self._view(entity)} from lake.{self._view(entity)} where {row}", [*place]
                )
                self._gone(entity, row, place)
            self._set(entity, hit, row, place)

    def _set(self, entity: str, hit: _Hit, row: str, place: tuple[str, int, int]) -> None:
        from pipelines.contract.check import typed_values

        declared = self._source.entities[entity]
        table = f"corrected.{self._view(entity)}"
        for name, text in hit.correction.set_.items():
            shown, _ = shown_column(declared, name)
            old = self._connection.execute(f"select {quoted(shown)} from {table} where {row}", [*place]).fetchall()
            values = typed_values(declared, {name: text})
            changes = ", ".join(f"{quoted(column)} = ?" for column in values)
            self._connection.execute(f"update {table} set {changes} where {row}", [*values.values(), *place])
            new = values[shown]
            change = (name, old[0][0], None if new is None else str(new))
            _note(self._connection, self._source, hit.correction, hit, "set", change)

    def _gone(self, entity: str, row: str, place: tuple[str, int, int]) -> None:
        gone = quoted(f"{self._source.id}__{entity}__gone")
        self._connection.execute(
            f"insert into corrected.{gone} select delivery_sha256, record_no, {self._item_no(entity)}"
            f" from lake.{self._view(entity)} where {row}",
            [*place],
        )

    def _drop(self, entity: str, hit: _Hit) -> None:
        _note(self._connection, self._source, hit.correction, hit, "drop")
        if not self._is_record(entity):
            self._touch(entity)
            row = "delivery_sha256 = ? and record_no = ? and item_no = ?"
            self._gone(entity, row, (hit.sha256, hit.record_no, hit.item_no or 0))
            return
        for name in self._source.entities:
            self._touch(name)
            self._gone(name, "delivery_sha256 = ? and record_no = ? and 0 = ?", (hit.sha256, hit.record_no, 0))
        self._count(hit.sha256, "n_loaded", "n_skipped")

    def free(self, hits: list[_Hit], texts: Mapping[str, pl.DataFrame]) -> None:
        """Load the quarantined records that keep the contract once corrected, and leave out those to be dropped."""
        from pipelines.contract.check import check

        by_delivery: dict[str, list[_Hit]] = {}
        for hit in hits:
            by_delivery.setdefault(hit.sha256, []).append(hit)
        for sha256, of_delivery in by_delivery.items():
            dropped = {hit.record_no: hit for hit in of_delivery if hit.correction.drop and hit.item_no is None}
            for record_no, hit in dropped.items():
                _note(self._connection, self._source, hit.correction, hit, "drop")
                self._leave_quarantine(sha256, record_no, "n_skipped")
            chosen = sorted({hit.record_no for hit in of_delivery} - dropped.keys())
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
            for hit in of_delivery:
                if hit.record_no in still_broken or hit.record_no in dropped:
                    continue
                self._note_freed(hit, texts)

    def _note_freed(self, hit: _Hit, texts: Mapping[str, pl.DataFrame]) -> None:
        entity = hit.correction.entity or self._source.record_entity
        if hit.correction.drop:
            _note(self._connection, self._source, hit.correction, hit, "drop")
        row = _at(texts[entity], hit)
        for name, text in hit.correction.set_.items():
            _note(self._connection, self._source, hit.correction, hit, "set", (name, row[name], text))

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


def _at(texts: pl.DataFrame, hit: _Hit) -> dict[str, Any]:
    """The row of quarantined texts at a hit's address."""
    import polars as pl

    here = (pl.col("delivery_sha256") == hit.sha256) & (pl.col("record_no") == hit.record_no)
    if hit.item_no is not None:
        here &= pl.col("item_no") == hit.item_no
    return texts.filter(here).row(0, named=True)


def _corrected_texts(
    source: Source, texts: Mapping[str, pl.DataFrame], sha256: str, record_nos: list[int], hits: list[_Hit]
) -> dict[str, pl.DataFrame]:
    """The texts of some quarantined records of a delivery, with the corrections in them, in every declared entity."""
    import polars as pl

    made: dict[str, pl.DataFrame] = {}
    for entity in source.entities:
        if entity not in texts:
            made[entity] = pl.DataFrame(schema={"record_no": pl.Int64, "item_no": pl.Int64})
            continue
        frame = texts[entity].filter((pl.col("delivery_sha256") == sha256) & pl.col("record_no").is_in(record_nos))
        for hit in hits:
            if (hit.correction.entity or source.record_entity) != entity or hit.record_no not in record_nos:
                continue
            here = pl.col("record_no") == hit.record_no
            if hit.item_no is not None:
                here &= pl.col("item_no") == hit.item_no
            if hit.correction.drop:
                frame = frame.filter(~here)
            else:
                frame = frame.with_columns(
                    pl.when(here).then(pl.lit(text, pl.String)).otherwise(pl.col(name)).alias(name)
                    for name, text in hit.correction.set_.items()
                )
        made[entity] = frame.drop("delivery_sha256")
    return made
