"""Quarantined records that corrections load after all, or drop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import polars as pl

from pipelines.contract.check import check
from pipelines.contract.declarations import Source
from pipelines.lake.correction_log import Change, log_change, log_drop
from pipelines.lake.matched_rows import MatchedRow
from pipelines.lake.overlay import Overlay


def free_records(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    overlay: Overlay,
    rows: Iterable[MatchedRow],
    texts: Mapping[str, pl.DataFrame],
) -> None:
    """Load the quarantined records that keep the contract once corrected, and leave out those to be dropped.

    `rows` are matched in `texts`, the texts of the quarantined records by entity.
    """
    by_delivery: dict[str, list[MatchedRow]] = {}
    for row in rows:
        by_delivery.setdefault(row.sha256, []).append(row)
    for sha256, of_delivery in by_delivery.items():
        dropped = {row.record_no: row for row in of_delivery if row.correction.drop and row.item_no is None}
        for record_no, row in dropped.items():
            log_drop(connection, source, row)
            overlay.leave_quarantine(sha256, record_no, "n_skipped")
        record_nos = sorted({row.record_no for row in of_delivery} - dropped.keys())
        corrected = _corrected_texts(source, texts, sha256, record_nos, of_delivery)
        # Whether the file was undecodable is not kept; where it was, its texts still show it.
        checked = check(source, corrected, undecodable=True)
        still_broken = set(checked.broken["record_no"].to_list())
        for entity, frame in checked.tables.items():
            if len(frame):
                overlay.add(entity, sha256, frame)
        for record_no in record_nos:
            if record_no not in still_broken:
                overlay.leave_quarantine(sha256, record_no, "n_loaded")
        for row in of_delivery:
            if row.record_no not in still_broken and row.record_no not in dropped:
                _log_freed(connection, source, row, texts)


def _log_freed(
    connection: duckdb.DuckDBPyConnection, source: Source, row: MatchedRow, texts: Mapping[str, pl.DataFrame]
) -> None:
    if row.correction.drop:
        log_drop(connection, source, row)
    received = _text_row(texts[row.entity], row)
    for name, text in row.correction.set_.items():
        log_change(connection, source, row, Change(name, received[name], text))


def _text_row(texts: pl.DataFrame, row: MatchedRow) -> dict[str, Any]:
    return texts.filter((pl.col("delivery_sha256") == row.sha256) & _is_at(row)).row(0, named=True)


def _is_at(row: MatchedRow) -> pl.Expr:
    """Whether a text of the row's delivery is at the row's address."""
    is_record = pl.col("record_no") == row.record_no
    return is_record if row.item_no is None else is_record & (pl.col("item_no") == row.item_no)


def _corrected_texts(
    source: Source, texts: Mapping[str, pl.DataFrame], sha256: str, record_nos: list[int], rows: list[MatchedRow]
) -> dict[str, pl.DataFrame]:
    """The texts of some quarantined records of a delivery with the corrections applied, for every declared entity."""
    corrected: dict[str, pl.DataFrame] = {}
    for entity in source.entities:
        if entity not in texts:
            corrected[entity] = pl.DataFrame(schema={"record_no": pl.Int64, "item_no": pl.Int64})
            continue
        frame = texts[entity].filter((pl.col("delivery_sha256") == sha256) & pl.col("record_no").is_in(record_nos))
        for row in rows:
            if row.entity != entity or row.record_no not in record_nos:
                continue
            if row.correction.drop:
                frame = frame.filter(~_is_at(row))
            else:
                frame = frame.with_columns(
                    pl.when(_is_at(row)).then(pl.lit(text, pl.String)).otherwise(pl.col(name)).alias(name)
                    for name, text in row.correction.set_.items()
                )
        corrected[entity] = frame.drop("delivery_sha256")
    return corrected
