"""Classes as numbers, and the cells that some extracts print as one: the name in two scripts, the ends of the term."""

from __future__ import annotations

import polars as pl

_CHINESE = r"\p{Han}"
_BETWEEN_DATES = r"\s*(?:至|到|~|～|—|――|/|起)\s*"


def shape(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The rows with `nice_class` as a plain number (第09类 is 9), names by script and a term with two ends."""
    rows = tables["registration_class"]
    changes = [_class_number().alias("nice_class")]
    if {"applicant_name", "applicant_name_en"} <= set(rows.columns):
        changes += _names()
    if {"term_start_date", "expiry_date"} <= set(rows.columns):
        changes += _term()
    return {"registration_class": rows.with_columns(changes)}


def _class_number() -> pl.Expr:
    printed = pl.col("nice_class").str.strip_chars()
    return pl.coalesce(printed.str.extract(r"^第?\s*0*([1-9][0-9]?)\s*类?$"), printed)


def _names() -> list[pl.Expr]:
    """One cell under both columns holds 中文名称/English name; either may be missing."""
    name, name_en = pl.col("applicant_name"), pl.col("applicant_name_en")
    parts = name.str.split("/")
    chinese = parts.list.filter(pl.element().str.contains(_CHINESE)).list.join("/")
    latin = parts.list.filter(~pl.element().str.contains(_CHINESE)).list.join("/")
    is_both = (name == name_en) & name.str.contains(_CHINESE)
    return [
        pl.when(is_both).then(chinese).otherwise(name).alias("applicant_name"),
        pl.when(is_both).then(latin).otherwise(name_en).alias("applicant_name_en"),
    ]


def _term() -> list[pl.Expr]:
    """One cell under both columns holds 2014年01月07日至2024年01月06日."""
    start, end = pl.col("term_start_date"), pl.col("expiry_date")
    ends = start.str.replace_all(_BETWEEN_DATES, "\n").str.strip_chars().str.split("\n")
    is_both = (start == end) & (ends.list.len() == 2)
    return [
        pl.when(is_both).then(ends.list.first()).otherwise(start).alias("term_start_date"),
        pl.when(is_both).then(ends.list.last()).otherwise(end).alias("expiry_date"),
    ]
