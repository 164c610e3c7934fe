"""Drawing rows of small tables at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Codes = npt.NDArray[np.int64]


def choose(generator: np.random.Generator, table: Sequence[tuple[str | int, ...]], n: int) -> Codes:
    """Indices into a table drawn by the weight in its last column."""
    weights = np.array([float(row[-1]) for row in table])
    return generator.choice(len(table), size=n, p=weights / weights.sum()).astype(np.int64)


def as_columns(table: Sequence[tuple[str | int, ...]], chosen: Codes, names: Sequence[str]) -> dict[str, pl.Series]:
    """The named leading columns of a small table, one row per chosen index."""
    index = pl.Series(chosen)
    return {name: pl.Series(name, [row[i] for row in table]).gather(index) for i, name in enumerate(names)}
