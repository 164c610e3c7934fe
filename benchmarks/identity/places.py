"""The cities in use, with the counties in which a firm of theirs may be."""

from __future__ import annotations

import polars as pl

from pipelines.simulation.divisions import divisions


def cities_with_counties() -> pl.DataFrame:
    """One row per city: city_code, city, province, province_short, and the lists county_codes and counties."""
    in_use = divisions().filter(pl.col("valid_to_year").is_null())
    counties = (
        in_use.filter((pl.col("level_name") == "县级") & (pl.col("prefecture_name") != "直辖"))
        .with_columns(city_code=pl.col("region_code").str.slice(0, 4))
        .group_by("city_code", maintain_order=True)
        .agg(county_codes="region_code", counties="name_zh")
    )
    return (
        in_use.filter((pl.col("level_name") == "地级") & pl.col("name_zh").str.ends_with("市"))
        .select(
            city_code=pl.col("region_code").str.slice(0, 4),
            city=pl.col("name_zh").str.strip_suffix("市"),
            province="province_name",
            province_short=pl.col("province_name").str.replace("省|壮族自治区|回族自治区|维吾尔自治区|自治区|市", ""),
        )
        .join(counties, on="city_code", maintain_order="left")
        # 吉林 and 海南 are a province's name too.
        .filter(pl.col("city") != pl.col("province_short"))
    )
