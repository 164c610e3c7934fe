"""Industry codes as compiled lists publish them: sections and divisions, and the world's codes below them.

An earlier edition comes beside today's: one class has another code there, and one is in it alone.
"""

from __future__ import annotations

import polars as pl

from pipelines.simulation.deliveries import Deliveries, write_csv
from pipelines.simulation.words import industries
from pipelines.simulation.world import World
from pipelines.state.home import DBT_PROJECT_DIR

_EARLIER_CODES = {"6513": "6510"}
_GIVEN_UP = {"code": "1539", "name": "试金旧业", "parent": "15"}


def deliver(world: World, out: Deliveries) -> None:
    """Write both editions once, on the first night."""
    today = _today()
    code, parent = pl.col("code"), pl.col("parent")
    earlier = pl.concat([today.with_columns(code.replace(_EARLIER_CODES)), pl.DataFrame(_GIVEN_UP)]).sort("code")
    for edition, rows in (("2011", earlier), ("2017", today)):
        path = out.path(1, "industry_codes", f"gbt4754_industries_{edition}.csv")
        write_csv(rows.select(code, "name", parentId=parent), path, "utf-8")
        out.written(1, path, len(rows))
        out.truth("industries", rows.with_columns(edition=pl.lit(edition)))


def _today() -> pl.DataFrame:
    seeds = DBT_PROJECT_DIR / "seeds"
    sections = pl.read_csv(seeds / "industry_sections.csv", infer_schema=False)
    divisions = pl.read_csv(seeds / "industry_divisions.csv", infer_schema=False)
    above = divisions.join_where(
        sections.select("section_code", "first_division", "last_division"),
        pl.col("division_code") >= pl.col("first_division"),
        pl.col("division_code") <= pl.col("last_division"),
    )
    return pl.concat(
        [
            sections.select(code="section_code", name="name_zh", parent=pl.lit("NULL")),
            above.select(code="division_code", name="name_zh", parent="section_code"),
            # Single classes of a group are folded in such lists: they stand directly under their division.
            industries().select(code="industry_code", name="industry", parent=pl.col("industry_code").str.slice(0, 2)),
        ]
    ).sort("code")
