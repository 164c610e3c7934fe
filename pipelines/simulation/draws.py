"""Random draws from small lists of tuples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Integers = npt.NDArray[np.int64]


def choose(generator: np.random.Generator, rows: Sequence[tuple[str | int, ...]], n: int) -> Integers:
    """n indices of rows, drawn by the weight in the last column."""
    weights = np.array([float(row[-1]) for row in rows])
    return generator.choice(len(rows), size=n, p=weights / weights.sum()).astype(np.int64)


def as_columns(rows: Sequence[tuple[str | int, ...]], chosen: Integers, names: Sequence[str]) -> dict[str, pl.Series]:
    """The leading columns under these names, one row per chosen index."""
    index = pl.Series(chosen)
    return {name: pl.Series(name, [row[i] for row in rows]).gather(index) for i, name in enumerate(names)}
