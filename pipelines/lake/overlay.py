"""The overlay of a source: the rows that corrections put into the views of the lake, and those that they take out."""

from __future__ import annotations

import duckdb
import polars as pl

from pipelines.contract.check import typed_values
from pipelines.contract.declarations import Source
from pipelines.lake.correction_log import Change, log_change, log_drop
from pipelines.lake.matched_rows import MatchedRow, fullest_lake_column
from pipelines.state.database import quoted


class Overlay:
    """Corrected rows, and the addresses of the received rows that no longer count.

    Both are tables of schema `corrected` until `install` puts them into the views of schema `lake`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: Source) -> None:
        self._connection, self._source = connection, source
        self._entities: set[str] = set()
        self._replaced: set[tuple[str, str, int, int | None]] = set()
        connection.execute("create schema if not exists corrected")

    def correct(self, row: MatchedRow) -> None:
        """Replace a row of the lake by the same row with the corrected values."""
        self._prepare(row.entity)
        view, (condition, address) = self._view(row.entity), self._at(row)
        if (row.entity, *row.address) not in self._replaced:
            self._replaced.add((row.entity, *row.address))
            self._connection.execute(f"insert into corrected.{view} from lake.{view} where {condition}", [*address])
            self._take_out(row.entity, condition, address)
        entity = self._source.entities[row.entity]
        for name, text in row.correction.set_.items():
            lake_name, _ = fullest_lake_column(entity, name)
            old = self._connection.execute(
                f"select {quoted(lake_name)} from corrected.{view} where {condition}", [*address]
            ).fetchall()
            values = typed_values(entity, {name: text})
            changes = ", ".join(f"{quoted(column)} = ?" for column in values)
            self._connection.execute(
                f"update corrected.{view} set {changes} where {condition}", [*values.values(), *address]
            )
            new = values[lake_name]
            change = Change(name, old[0][0], None if new is None else str(new))
            log_change(self._connection, self._source, row, change)

    def drop(self, row: MatchedRow) -> None:
        """Take a row of the lake out; a dropped record takes the rows of its lists with it and counts as skipped."""
        log_drop(self._connection, self._source, row)
        if not self._is_record(row.entity):
            self._prepare(row.entity)
            self._take_out(row.entity, *self._at(row))
            return
        for entity in self._source.entities:
            self._prepare(entity)
            self._take_out(entity, "delivery_sha256 = ? and record_no = ?", [row.sha256, row.record_no])
        self._count(row.sha256, "n_loaded", "n_skipped")

    def add(self, entity: str, sha256: str, rows: pl.DataFrame) -> None:
        """Add typed rows of a delivery that the lake does not have."""
        self._prepare(entity)
        columns = ", ".join(f"{quoted(name)}::{kind}" for name, kind in self._source.lake_columns(entity))
        self._connection.register("added", rows.to_arrow())
        self._connection.execute(f"insert into corrected.{self._view(entity)} select ?, {columns} from added", [sha256])
        self._connection.unregister("added")

    def leave_quarantine(self, sha256: str, record_no: int, becomes: str) -> None:
        """Count a quarantined record as loaded (`n_loaded`) or skipped (`n_skipped`) instead."""
        self._connection.execute(
            "delete from lake.quarantine where source_id = ? and delivery_sha256 = ? and record_no = ?",
            [self._source.id, sha256, record_no],
        )
        self._count(sha256, "n_quarantined", becomes)

    def install(self) -> None:
        """Put the overlay into the views."""
        self._connection.execute(
            "update lake.deliveries set state = case when n_loaded = 0 and n_quarantined > 0 then 'quarantined'"
            " else 'loaded' end where source_id = ? and state in ('loaded', 'quarantined')",
            [self._source.id],
        )
        for entity in sorted(self._entities):
            view, as_received, taken_out = self._view(entity), self._view(entity, "__as_received"), self._out(entity)
            names = ", ".join(quoted(name) for name, _ in self._source.lake_columns(entity))
            self._connection.execute(f"alter view lake.{view} rename to {as_received}")
            self._connection.execute(
                f"""
                create view lake.{view} as
                select delivery_sha256, {names} from lake.{as_received} as received
                where not exists (
                    select 1 from {taken_out} as taken_out
                    where taken_out.delivery_sha256 = received.delivery_sha256
                        and taken_out.record_no = received.record_no
                        and taken_out.item_no = {"0" if self._is_record(entity) else "received.item_no"}
                )
                union all
                select delivery_sha256, {names} from corrected.{view}
                """
            )

    def _prepare(self, entity: str) -> None:
        """Create the tables of an entity where they are missing."""
        if entity in self._entities:
            return
        self._entities.add(entity)
        view = self._view(entity)
        self._connection.execute(f"create table corrected.{view} as from lake.{view} where false")
        columns = "(delivery_sha256 varchar, record_no bigint, item_no bigint)"
        self._connection.execute(f"create table {self._out(entity)}{columns}")

    def _take_out(self, entity: str, condition: str, values: list[object]) -> None:
        item_no = "0" if self._is_record(entity) else "item_no"
        self._connection.execute(
            f"insert into {self._out(entity)} select delivery_sha256, record_no, {item_no}"
            f" from lake.{self._view(entity)} where {condition}",
            values,
        )

    def _count(self, sha256: str, was: str, becomes: str) -> None:
        self._connection.execute(
            f"update lake.deliveries set {was} = {was} - 1, {becomes} = {becomes} + 1"
            " where source_id = ? and sha256 = ?",
            [self._source.id, sha256],
        )

    def _view(self, entity: str, suffix: str = "") -> str:
        return quoted(f"{self._source.id}__{entity}{suffix}")

    def _out(self, entity: str) -> str:
        """The table of the addresses that are taken out."""
        return f"corrected.{self._view(entity, '__taken_out')}"

    def _is_record(self, entity: str) -> bool:
        return entity == self._source.record_entity

    def _at(self, row: MatchedRow) -> tuple[str, list[object]]:
        """The condition that chooses a row, with the values bound in it."""
        record = "delivery_sha256 = ? and record_no = ?"
        if self._is_record(row.entity):
            return record, [row.sha256, row.record_no]
        return f"{record} and item_no = ?", [row.sha256, row.record_no, row.item_no]
