"""RASFF puts several hazards in one cell, separated by semicolons, with their categories in the same order."""

from __future__ import annotations

import polars as pl


def shape(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The notifications, and one `hazard` row per hazard, with its category where the counts agree."""
    notification = tables["notification"]
    hazards = (
        notification.select(
            "record_no",
            hazard_substance=pl.col("hazard_substance").fill_null("").str.split(";"),
            hazard_category=pl.col("hazard_category").fill_null("").str.split(";"),
        )
        .filter((pl.col("hazard_substance").list.join("") != "") | (pl.col("hazard_category").list.join("") != ""))
        .with_columns(
            hazard_category=pl.when(pl.col("hazard_category").list.len() == pl.col("hazard_substance").list.len())
            .then(pl.col("hazard_category"))
            .otherwise(
                # Counts differ: each hazard keeps the full text rather than a guess.
                pl.col("hazard_category").list.join(";").repeat_by(pl.col("hazard_substance").list.len())
            )
        )
        .explode("hazard_substance", "hazard_category", empty_as_null=True)
        .with_columns(item_no=pl.col("record_no").cum_count().over("record_no").cast(pl.Int64))
    )
    return {"notification": notification, "hazard": hazards}
