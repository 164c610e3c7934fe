"""Rows that continue the record above them: a table leaves cells blank instead of merging them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from pipelines.contract.declarations import Source
from pipelines.parsing.readers.table_batch import Batch

# Columns for the place of a row, not for its content.
_PLACE = ("record_no", "_sheet", "_title", "_file")


def continued(batches: Iterator[Batch], source: Source) -> Iterator[Batch]:
    """Batches in which a row that fills only the declared continuing columns has the other cells of the row above.

    A header begins anew: what stands above it is not continued. Without a declaration the batches are as they were.
    """
    names = source.table.continued_by
    if not names:
        yield from batches
        return
    header, above = None, None
    for batch in batches:
        if batch.header is not header:
            header, above = batch.header, None
        own = [name for name in names if name in batch.rows.columns]
        taken = [name for name in batch.rows.columns if name not in own and name not in _PLACE]
        if not own or not taken or not len(batch.rows):
            yield batch
            continue
        rows = batch.rows if above is None else pl.concat([above, batch.rows])
        filled = {name: pl.col(name).str.contains(r"\S").fill_null(False) for name in (*own, *taken)}
        continues = pl.any_horizontal(filled[name] for name in own) & ~pl.any_horizontal(filled[name] for name in taken)
        begins = rows.select(pl.when(~continues).then(pl.int_range(pl.len())).forward_fill()).to_series()
        above = rows[int(begins[-1])] if begins[-1] is not None else above
        if (begins.fill_null(-1) != pl.int_range(len(rows), eager=True)).any():
            rows = rows.with_columns(rows.select(pl.col(name).gather(begins) for name in taken))
        yield replace(batch, rows=rows.tail(len(batch.rows)))
