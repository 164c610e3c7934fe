"""Industry codes as compiled lists publish them: sections and divisions, and the classes of the world's industries.

The present edition and an earlier one, in which one class has another code and one more class exists.
"""

from __future__ import annotations

import polars as pl

from pipelines.simulation.deliveries import Deliveries, write_csv
from pipelines.simulation.words import industries
from pipelines.simulation.world import World
from pipelines.state.home import DBT_PROJECT_DIR

_EARLIER_CODES = {"6513": "6510"}
_WITHDRAWN = {"code": "1539", "name": "试金旧业", "parent": "15"}


def deliver(world: World, out: Deliveries) -> None:
    """Write both editions once, on the first night."""
    present = _present()
    code, parent = pl.col("code"), pl.col("parent")
    earlier = pl.concat([present.with_columns(code.replace(_EARLIER_CODES)), pl.DataFrame(_WITHDRAWN)]).sort("code")
    for edition, rows in (("2011", earlier), ("2017", present)):
        path = out.path(1, "industry_codes", f"gbt4754_industries_{edition}.csv")
        write_csv(rows.select(code, "name", parentId=parent), path, "utf-8")
        out.written(1, path, len(rows))
        out.truth("industries", rows.with_columns(edition=pl.lit(edition)))


def _present() -> pl.DataFrame:
    seeds = DBT_PROJECT_DIR / "seeds"
    sections = pl.read_csv(seeds / "industry_sections.csv", infer_schema=False)
    divisions = pl.read_csv(seeds / "industry_divisions.csv", infer_schema=False)
    divisions_of_sections = divisions.join_where(
        sections.select("section_code", "first_division", "last_division"),
        pl.col("division_code") >= pl.col("first_division"),
        pl.col("division_code") <= pl.col("last_division"),
    )
    return pl.concat(
        [
            sections.select(code="section_code", name="name_zh", parent=pl.lit("NULL")),
            divisions_of_sections.select(code="division_code", name="name_zh", parent="section_code"),
            # Such lists omit groups of a single class: the class is directly below its division.
            industries().select(code="industry_code", name="industry", parent=pl.col("industry_code").str.slice(0, 2)),
        ]
    ).sort("code")
