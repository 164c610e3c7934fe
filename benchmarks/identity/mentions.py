"""Mentions of firms, with what a notice or a list prints next to the name.

A mention has an address in about half of the cases, often shortened and sometimes that of another firm; a place in
some; a brand in some. A fifth of the mentions are of firms that the register does not contain.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulation.misprints import CODED_SHARE, NO_COUNTERPART_SHARE, corrupted


def mentions_of(
    generator: np.random.Generator, registered: pl.DataFrame, outside: pl.DataFrame, n: int
) -> pl.DataFrame:
    """So many mentions of registered firms and of firms outside the register; see `name_world` for the columns."""
    n_outside = round(n * NO_COUNTERPART_SHARE)
    chosen = pl.concat(
        [
            registered[pl.Series(generator.integers(0, len(registered), n - n_outside))].with_columns(
                is_registered=True
            ),
            outside[pl.Series(generator.integers(0, len(outside), n_outside))].with_columns(is_registered=False),
        ]
    )
    characters = list(registered["characters"][0]) if len(registered) else []
    chosen = corrupted(
        generator,
        chosen.drop("characters").with_columns(mention_no=pl.int_range(pl.len()), trade="industry"),
        characters,
    ).with_columns(
        is_coded=pl.Series(generator.random(n)) < CODED_SHARE,
        address_draw=pl.Series(generator.random(n)),
        shorter_draw=pl.Series(generator.random(n)),
        brand_draw=pl.Series(generator.random(n)),
        category_draw=pl.Series(generator.random(n)),
        elsewhere=pl.Series(generator.integers(1, 900, n)).cast(pl.String),
    )
    return chosen.select(
        "mention_no",
        name="printed",
        uscc=pl.when(pl.col("is_coded")).then("uscc"),
        truth="uscc",
        is_registered="is_registered",
        corruption="corruption",
        address=_printed_address(),
        # Three in a hundred are made for the brand of another firm.
        brand=pl.when(pl.col("brand_draw") < 0.47)
        .then("brand")
        .when(pl.col("brand_draw") < 0.5)
        .then(pl.col("brand").shuffle(seed=1)),
        category=pl.when(pl.col("category_draw") < 0.5).then("category"),
    )


def _printed_address() -> pl.Expr:
    """An address in 55 of 100 mentions, only the city in 15. Of addresses, 55% are complete and right, 6% another's."""
    shorter = pl.col("shorter_draw")
    address = (
        pl.when(shorter < 0.55)
        .then("address")
        .when(shorter < 0.72)
        .then(pl.concat_str(pl.col("city") + "市", "county", "road", "house", pl.lit("号")))
        .when(shorter < 0.82)
        .then(pl.concat_str("county", "road", "house", pl.lit("号")))
        .when(shorter < 0.94)
        .then(pl.concat_str("address", "elsewhere", pl.lit("室")))
        .otherwise(
            pl.concat_str("province", pl.col("city") + "市", "county", pl.lit("新城路"), "elsewhere", pl.lit("号"))
        )
    )
    draw = pl.col("address_draw")
    return pl.when(draw < 0.55).then(address).when(draw < 0.70).then(pl.concat_str("province", pl.col("city") + "市"))
