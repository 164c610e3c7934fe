"""Industry codes as compiled lists publish them: sections and divisions, and the world's codes below them."""

from __future__ import annotations

import polars as pl

from pipelines.home import DBT_PROJECT_DIR
from pipelines.simulate import Deliveries, World, industries, write_csv


def deliver(world: World, out: Deliveries) -> None:
    """Write the list once, on the first night."""
    seeds = DBT_PROJECT_DIR / "seeds"
    sections = pl.read_csv(seeds / "industry_sections.csv", infer_schema=False)
    divisions = pl.read_csv(seeds / "industry_divisions.csv", infer_schema=False)
    above = divisions.join_where(
        sections.select("section_code", "first_division", "last_division"),
        pl.col("division_code") >= pl.col("first_division"),
        pl.col("division_code") <= pl.col("last_division"),
    )
    rows = pl.concat(
        [
            sections.select(code="section_code", name="name_zh", parent=pl.lit("NULL")),
            above.select(code="division_code", name="name_zh", parent="section_code"),
            # Single classes of a group are folded in such lists: they stand directly under their division.
            industries().select(code="industry_code", name="industry", parent=pl.col("industry_code").str.slice(0, 2)),
        ]
    ).sort("code")
    path = out.path(1, "industry_codes", "gbt4754_industries_2017.csv")
    write_csv(rows.rename({"parent": "parentId"}), path, "utf-8")
    out.written(1, path, len(rows), pl.DataFrame(schema={"record_no": pl.Int64, "rule": pl.String}))
    out.truth("industries", rows)
