"""The weekly report writes dates as 06/13/2012 and puts recall numbers into the description of the products."""

from __future__ import annotations

import polars as pl

# A letter names the centre. Not every number follows the word Recall, and the next item's number may be
# glued to it: B-1587-126) is B-1587-12 and item 6.
_NUMBER = r"\b[BDFVZ]-[0-9]{3,4}-(?:20[0-9]{2}|[0-9]{2})"


def shape(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Recalls with `report_date` as digits and `reference`, their first number; one row per `recall_number`."""
    described = pl.col("product_description").str.extract_all(_NUMBER)
    recalls = tables["recall"].with_columns(
        report_date=pl.col("report_date").str.replace(r"^([0-9]{2})/([0-9]{2})/([0-9]{4})$", "$3$1$2"),
    )
    numbers = (
        recalls.select(
            "record_no",
            recall_number=pl.when(pl.col("recall_number").is_not_null())
            .then(pl.concat_list("recall_number"))
            .otherwise(described),
        )
        .explode("recall_number")
        .drop_nulls()
        .unique(maintain_order=True)
        .with_columns(item_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record_no"))
    )
    first = numbers.filter(pl.col("item_no") == 1).select("record_no", reference="recall_number")
    return {
        "recall": recalls.join(first, on="record_no", how="left", maintain_order="left"),
        "recall_number": numbers,
    }
