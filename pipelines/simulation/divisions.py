"""The administrative divisions of China, as the source of region codes reads them without a delivery."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from pipelines.contract.loading import load_source
from pipelines.state.home import SOURCES_DIR

# Group headings of the register that the source keeps; a published list has only divisions.
_GROUP_HEADINGS = ["市区", "省直辖县级行政单位"]


@lru_cache(maxsize=1)
def divisions() -> pl.DataFrame:
    """The divisions and their periods, in code order.

    Columns region_code, name_zh, valid_from_year, valid_to_year (null while in use), level_name (省级, 地级, 县级),
    province_name, prefecture_name (直辖 where the province has none, null for provinces and prefectures).
    """
    parse = load_source(SOURCES_DIR / "region_codes" / "source.yaml").module("parse")
    assert parse is not None
    regions: pl.DataFrame = parse.fallback()
    rows = regions.filter(~pl.col("name_zh").is_in(_GROUP_HEADINGS)).select(
        "region_code",
        "name_zh",
        "valid_from_year",
        "valid_to_year",
        "level_name",
        province_code=pl.col("region_code").str.slice(0, 2) + "0000",
        prefecture_code=pl.col("region_code").str.slice(0, 4) + "00",
    )
    latest = rows.sort("valid_from_year", maintain_order=True).group_by("region_code", maintain_order=True).last()
    names = latest.select("region_code", parent_name="name_zh")
    return (
        rows.join(names, left_on="province_code", right_on="region_code", how="left", maintain_order="left")
        .rename({"parent_name": "province_name"})
        .join(names, left_on="prefecture_code", right_on="region_code", how="left", maintain_order="left")
        .with_columns(
            prefecture_name=pl.when(pl.col("level_name") == "县级").then(pl.coalesce("parent_name", pl.lit("直辖")))
        )
        .drop("parent_name", "province_code", "prefecture_code")
        .sort("region_code", "valid_from_year", maintain_order=True)
    )


@lru_cache(maxsize=1)
def counties_by_city() -> dict[str, list[tuple[str, str]]]:
    """(code, name) of the county-level divisions in use, by the first four digits of their codes."""
    in_use = divisions().filter((pl.col("level_name") == "县级") & pl.col("valid_to_year").is_null())
    result: dict[str, list[tuple[str, str]]] = {}
    for code, name in in_use.select("region_code", "name_zh").iter_rows():
        result.setdefault(code[:4], []).append((code, name))
    return result
