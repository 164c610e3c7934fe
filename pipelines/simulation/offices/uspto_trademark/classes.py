"""Goods and services of case files, and their classes."""

from __future__ import annotations

import polars as pl

from pipelines.simulation.offices.uspto_trademark.elements import day_text, element, month_text, present

# International class, its US classes, goods or services.
CLASSES = [
    ("001", "001 005 006", "Chemicals used in industry, namely, adhesives &amp; solvents"),
    ("005", "006 018 044", "Pharmaceutical preparations for the treatment of digestive disorders"),
    ("007", "013 019 021", "Machines for processing grain; milling machines &amp; parts therefor"),
    ("009", "021 023 026", "Computer hardware; downloadable software for managing inventories"),
    ("024", "042 050", "Textile fabrics for the manufacture of clothing"),
    ("025", "022 039", "Clothing, namely, shirts, trousers, coats &amp; hats"),
    ("029", "046", "Edible oils; milk products excluding ice cream; preserved vegetables"),
    ("030", "046", "Tea; rice cakes; soy sauce; coffee &amp; tea substitutes"),
    ("033", "047 049", "Distilled spirits; rice wine &amp; liqueurs"),
    ("035", "100 101 102", "Retail store services featuring food and beverages"),
    ("042", "100 101", "Design and development of computer software"),
    ("043", "100 101", "Restaurant services; tea house services"),
]
SERVICE_CLASSES = ["035", "042", "043"]


def statements() -> pl.Expr:
    """The statements: a claim about colour, and the goods or services of each class."""

    def goods(column: str) -> pl.Expr:
        return pl.concat_str(
            pl.lit("<case-file-statement><type-code>GS"),
            column,
            pl.lit("1</type-code><text>"),
            _class_attribute(column, 2),
            pl.lit("</text></case-file-statement>"),
        )

    colour = "<case-file-statement><type-code>CC0000</type-code><text>Color is not claimed as a feature of the mark."
    return present(
        pl.lit("<case-file-statements>"),
        pl.when("claims_colour").then(pl.lit(f"{colour}</text></case-file-statement>")),
        goods("nice_class"),
        goods("class_2"),
        goods("class_3"),
        pl.lit("</case-file-statements>"),
    )


def classifications() -> pl.Expr:
    """One classification per class; sometimes the first two classes share one."""
    used = pl.col("filed") - pl.col("first_use")
    style = pl.col("first_use_style")
    first_use = (
        pl.when(~pl.col("by_use"))
        .then(pl.lit("0"))
        .when(style < 8)
        .then(month_text(used))
        .when(style < 10)
        .then(day_text(used).str.slice(0, 4) + "0000")
        .otherwise(day_text(used))
    )
    n_us = {row[0]: f"<us-code-total-no>{len(row[1].split())}</us-code-total-no>" for row in CLASSES}
    us = {row[0]: "".join(f"<us-code>{code}</us-code>" for code in row[1].split()) for row in CLASSES}
    tail = pl.concat_str(
        pl.lit("<status-code>6</status-code>"),
        element("status-date", day_text(pl.col("filed") + 9)),
        element("first-use-anywhere-date", first_use),
        element("first-use-in-commerce-date", first_use),
    )

    def classification(column: str, joint: pl.Expr | None = None) -> pl.Expr:
        total = pl.lit("1") if joint is None else pl.when(joint).then(pl.lit("2")).otherwise(pl.lit("1"))
        second = [] if joint is None else [pl.when(joint).then(element("international-code", "class_2"))]
        return pl.when(pl.col(column).is_not_null()).then(
            present(
                pl.lit("<classification>"),
                element("international-code-total-no", total),
                pl.col(column).replace_strict(n_us, return_dtype=pl.String),
                element("international-code", column),
                *second,
                pl.col(column).replace_strict(us, return_dtype=pl.String),
                tail,
                element("primary-code", column),
                pl.lit("</classification>"),
            )
        )

    joint = pl.col("is_class_joint") & pl.col("class_2").is_not_null()
    return present(
        pl.lit("<classifications>"),
        classification("nice_class", joint),
        pl.when(~joint).then(classification("class_2")),
        classification("class_3"),
        pl.lit("</classifications>"),
    )


def _class_attribute(column: str, position: int) -> pl.Expr:
    return pl.col(column).replace_strict(
        [row[0] for row in CLASSES], [row[position] for row in CLASSES], return_dtype=pl.String
    )
