"""Former names come in one cell, separated by semicolons or commas."""

from __future__ import annotations

import polars as pl

_SEPARATORS = r"[；;、,，\n]+"


def shape(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The enterprises, and one `former_name` row per former name."""
    enterprise = tables["enterprise"]
    if "former_names" not in enterprise.columns:
        return {"enterprise": enterprise}
    named = enterprise.select("record_no", former_name="former_names").filter(
        pl.col("former_name").str.strip_chars() != ""
    )
    holds_several = named["former_name"].str.contains(_SEPARATORS)
    several = (
        named.filter(holds_several)
        .with_columns(pl.col("former_name").str.replace_all(_SEPARATORS, ";").str.split(";"))
        .explode("former_name", empty_as_null=True)
        .filter(pl.col("former_name").str.strip_chars() != "")
        .with_columns(item_no=pl.col("record_no").cum_count().over("record_no").cast(pl.Int64))
    )
    one = named.filter(~holds_several).with_columns(item_no=pl.lit(1, pl.Int64))
    former = pl.concat([one, several]).sort("record_no", maintain_order=True) if len(several) else one
    return {"enterprise": enterprise, "former_name": former}
