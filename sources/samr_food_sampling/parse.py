"""Notices of food sampling: every layout is in the declaration's header synonyms, and the rest is common to notices."""

from __future__ import annotations

import polars as pl

from pipelines.notices import notices


def shape(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """`sample_row` with result, roles and days, one `finding` per failing item, one `party` per further role."""
    return notices.shaped(tables["sample_row"])
