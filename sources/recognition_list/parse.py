"""Recipients are printed with their former name in brackets: X有限公司(原Y有限公司)."""

from __future__ import annotations

import polars as pl

_FORMER = r"^(?P<name>.+?)\s*[(（]\s*(?:原名?|曾用名)[:：]?\s*(?P<former>.+?)\s*[)）]\s*$"


def shape(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Decisions with `recipient_name` and `former_name` in columns; `recipient_name_as_printed` keeps the text."""
    printed = pl.col("recipient_name")
    parts = printed.str.extract_groups(_FORMER)
    decision = tables["decision"].with_columns(
        recipient_name_as_printed=printed,
        recipient_name=pl.coalesce(parts.struct.field("name"), printed),
        former_name=parts.struct.field("former"),
    )
    return {"decision": decision}
