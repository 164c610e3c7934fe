"""Former names come in one cell, separated by semicolons or commas."""

from __future__ import annotations

import polars as pl


def shape(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The enterprises, and one `former_name` row per former name."""
    enterprise = tables["enterprise"]
    if "former_names" not in enterprise.columns:
        return {"enterprise": enterprise}
    former = (
        enterprise.filter(pl.col("former_names").str.strip_chars() != "")
        .select("record_no", former_name=pl.col("former_names").str.replace_all(r"[；;、,，\n]+", ";").str.split(";"))
        .explode("former_name", empty_as_null=True)
        .filter(pl.col("former_name").str.strip_chars() != "")
        .with_columns(item_no=pl.col("record_no").cum_count().over("record_no").cast(pl.Int64))
    )
    return {"enterprise": enterprise, "former_name": former}
