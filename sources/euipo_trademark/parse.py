"""Goods are described in up to 23 languages: one row per class remains, in the language that readers here know best."""

from __future__ import annotations

import polars as pl

_CLASS = ["record_no", "nice_class"]


def shape(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """One classification row per class: its goods in English, else in the language of the application, else the first.

    Chinese is not a language of the EUIPO.
    """
    languages = tables["mark"].select("record_no", "first_language")
    language = pl.col("goods_language").str.strip_chars().str.to_lowercase()
    rank = (
        pl.when(language == "en")
        .then(0)
        .when(language == pl.col("first_language").str.strip_chars().str.to_lowercase())
        .then(1)
        .otherwise(2)
    )
    goods = tables["classification"].with_columns(pl.col("nice_class").str.strip_chars())
    chosen = (
        goods.join(languages, on="record_no", how="left", maintain_order="left")
        .with_columns(rank=rank)
        .sort("record_no", "rank", "item_no")
        .unique(_CLASS, keep="first", maintain_order=True)
    )
    first = goods.group_by(_CLASS, maintain_order=True).agg(place=pl.col("item_no").min())
    chosen = (
        chosen.join(first, on=_CLASS, how="left", nulls_equal=True)
        .sort("record_no", "place")
        .with_columns(item_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record_no"))
        .select(goods.columns)
    )
    return {**tables, "classification": chosen}
