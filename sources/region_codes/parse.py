"""Without a delivery, regions come from the table packaged in python-stdnum (codes in use and retired, by province)."""

from __future__ import annotations

import re
from importlib.resources import files

import polars as pl

_ENTRY = re.compile(r"^(?:\[(?P<start>\d{4})?-(?P<end>\d{4})?\])?(?P<name>.+)$")
# GB/T 2260 was first issued in 1980; python-stdnum leaves the first year of most codes open.
_FIRST_YEAR = 1981
_COLLECTIVE = re.compile(r"^(市辖区|县|省直辖县|自治区直辖县|.*直辖县级行政区划)$")


def fallback() -> pl.DataFrame:
    """The `region` entity (without record numbers) read from python-stdnum's `cn/loc.dat`.

    One row per code and period; `successor_codes` is unknown there, and collective entries (市辖区, 县) are left out.
    """
    rows: list[tuple[str, str, str | None, str, str, str, int, int | None]] = []
    province = prefecture = ""
    for line in files("stdnum.cn").joinpath("loc.dat").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or '"' not in line:
            continue
        number, text = line.split("=", 1)[0].split()[0], line.split('"')[1]
        if not line.startswith(" "):
            prefix, province, prefecture = number, text, ""
            continue
        code = prefix + number
        level = "省级" if code.endswith("0000") else "地级" if code.endswith("00") else "县级"
        for entry in text.split(","):
            match = _ENTRY.match(entry)
            if match is None or _COLLECTIVE.match(match["name"]):
                continue
            name = match["name"]
            prefecture = name if level == "地级" and match["end"] is None else prefecture
            parent = prefecture if level != "省级" and prefecture else None
            start, end = int(match["start"] or _FIRST_YEAR), int(match["end"]) if match["end"] else None
            rows.append((code, province, parent, name, level, "弃用" if end else "在用", start, end))
    names = ["region_code", "province_name", "prefecture_name", "name_zh", "level_name", "state"]
    kinds = {**dict.fromkeys(names, pl.String), "valid_from_year": pl.Int64, "valid_to_year": pl.Int64}
    table = pl.DataFrame(rows, schema=kinds, orient="row")
    return table.with_columns(successor_codes=pl.lit(None, pl.String))
