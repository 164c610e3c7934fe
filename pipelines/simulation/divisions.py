"""The administrative divisions of China, from the table packaged in python-stdnum."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

import polars as pl


@lru_cache(maxsize=1)
def divisions() -> pl.DataFrame:
    """Divisions and their periods as packaged in python-stdnum, in code order.

    Columns region_code, name_zh, level_name (省级, 地级, 县级), province_name, prefecture_name (直辖 where the province
    has none, null for provinces and prefectures), valid_from_year, valid_to_year (null while in use).
    """
    rows: list[tuple[str, str, int, int | None]] = []
    province = ""
    for line in files("stdnum").joinpath("cn/loc.dat").read_text(encoding="utf-8").splitlines():
        found = re.fullmatch(r'( *)(\d+) \w+="(.*)"', line)
        if found is None:
            continue
        indent, digits, value = found.groups()
        if not indent:
            province = digits
            continue
        for start, end, name in re.findall(r"(?:\[(\d*)-(\d*)\])?([^,\[\]]+)", value):
            # Codes ending in 01 or 90 that name no place are only the register's group headings.
            if name not in (
                "市辖区",
                "市区",
                "县",
                "省直辖县级行政单位",
                "省直辖县级行政区划",
                "自治区直辖县级行政区划",
            ):
                rows.append((province + digits, name, int(start or 1981), int(end) if end else None))
    frame = pl.DataFrame(
        rows,
        schema={
            "region_code": pl.String,
            "name_zh": pl.String,
            "valid_from_year": pl.Int64,
            "valid_to_year": pl.Int64,
        },
        orient="row",
    ).unique(["region_code", "name_zh", "valid_from_year"], keep="last", maintain_order=True)
    code = pl.col("region_code")
    frame = frame.with_columns(
        level_name=pl.when(code.str.ends_with("0000"))
        .then(pl.lit("省级"))
        .when(code.str.ends_with("00"))
        .then(pl.lit("地级"))
        .otherwise(pl.lit("县级")),
        province_code=code.str.slice(0, 2) + "0000",
        prefecture_code=code.str.slice(0, 4) + "00",
    )
    latest = frame.sort("valid_from_year", maintain_order=True).group_by("region_code", maintain_order=True).last()
    names = latest.select("region_code", parent_name="name_zh")
    return (
        frame.join(names, left_on="province_code", right_on="region_code", how="left", maintain_order="left")
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
