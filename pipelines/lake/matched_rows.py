"""The rows that corrections match, in the lake and among the quarantined records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb
import polars as pl

from pipelines.contract.check import typed_values
from pipelines.contract.declarations import Entity, Source
from pipelines.lake.corrections import RECORD_ADDRESS, Correction
from pipelines.state.database import quoted
from pipelines.state.home import Home


@dataclass(frozen=True)
class MatchedRow:
    """A row that a correction matches. `is_expected`: it has the wrong values that the correction expects."""

    correction: Correction
    entity: str
    sha256: str
    record_no: int
    item_no: int | None
    is_expected: bool
    is_quarantined: bool

    @property
    def address(self) -> tuple[str, int, int | None]:
        return self.sha256, self.record_no, self.item_no


def quarantined_texts(home: Home, source: Source, digests: Iterable[str]) -> dict[str, pl.DataFrame]:
    """Per entity the rows of quarantined records as received, by (delivery_sha256, record_no[, item_no])."""
    texts: dict[str, pl.DataFrame] = {}
    for name, entity in source.entities.items():
        folder = home.quarantined_texts(source.id, name)
        frames = [
            pl.read_parquet(path).select(pl.lit(sha256).alias("delivery_sha256"), pl.all())
            for sha256 in digests
            if (path := folder / f"{sha256}.parquet").exists()
        ]
        if frames:
            # Texts that were parsed by an earlier declaration may lack a column of today's.
            frame = pl.concat(frames, how="diagonal")
            missing = [column.name for column in entity.columns if column.name not in frame.columns]
            texts[name] = frame.with_columns(pl.lit(None, pl.String).alias(column) for column in missing)
    return texts


def matched_in_lake(connection: duckdb.DuckDBPyConnection, source: Source, correction: Correction) -> list[MatchedRow]:
    """The rows of the lake that a correction matches."""
    name = correction.entity or source.record_entity
    match = _condition(source.entities[name], correction.match, as_text=False)
    expect = _condition(source.entities[name], correction.expect, as_text=False)
    item_no = "null" if name == source.record_entity else "item_no"
    rows = connection.execute(
        f"select delivery_sha256, record_no, {item_no}, {expect.sql} from lake.{quoted(f'{source.id}__{name}')}"
        f" where delivery_sha256 is not null and {match.sql} order by all",
        [*expect.values, *match.values],
    ).fetchall()
    return [MatchedRow(correction, name, str(row[0]), int(row[1]), row[2], bool(row[3]), False) for row in rows]


def matched_in_quarantine(
    connection: duckdb.DuckDBPyConnection, source: Source, texts: Mapping[str, pl.DataFrame], correction: Correction
) -> list[MatchedRow]:
    """The rows of quarantined records that a correction matches."""
    name = correction.entity or source.record_entity
    if name not in texts:
        return []
    match = _condition(source.entities[name], correction.match, as_text=True)
    expect = _condition(source.entities[name], correction.expect, as_text=True)
    item_no = "item_no" if "item_no" in texts[name].columns else "null"
    connection.register("quarantined_texts", texts[name].to_arrow())
    rows = connection.execute(
        f"select delivery_sha256, record_no, {item_no}, {expect.sql} from quarantined_texts"
        f" where {match.sql} order by all",
        [*expect.values, *match.values],
    ).fetchall()
    connection.unregister("quarantined_texts")
    return [MatchedRow(correction, name, str(row[0]), int(row[1]), row[2], bool(row[3]), True) for row in rows]


@dataclass(frozen=True)
class _Condition:
    sql: str
    values: list[object]


def _condition(entity: Entity, wanted: Mapping[str, str | None], *, as_text: bool) -> _Condition:
    """Whether a row has the wanted values: by the column's type in the lake, as received in quarantine."""
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
                # A value that breaks the column's type is in quarantine and never in the lake.
                return _Condition("false", [])
            lake_name, kind = fullest_lake_column(entity, name)
            terms.append(f"{quoted(lake_name)} is not distinct from cast(? as {kind})")
            value = typed[lake_name]
        values.append(value)
    return _Condition(" and ".join(terms), values)


def fullest_lake_column(entity: Entity, name: str) -> tuple[str, str]:
    """The lake column (name, DuckDB type) that keeps everything that was received in a declared column."""
    columns = entity.by_name[name].lake_columns
    return columns[-1] if entity.by_name[name].type == "partial_date" else columns[0]
