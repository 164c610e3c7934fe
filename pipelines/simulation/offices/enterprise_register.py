"""Extracts of the enterprise register: complete on the first night, then what was registered, renamed or closed."""

from __future__ import annotations

import polars as pl

from pipelines.contract.credit_codes import uscc_check_digits
from pipelines.simulation.deliveries import Deliveries, broken_records, write_csv
from pipelines.simulation.enterprises import with_wrong_check_digit
from pipelines.simulation.nights import night_date
from pipelines.simulation.world import World

SOURCE = "enterprise_register"
RULES = ["uscc:uscc", "required:enterprise_name", "type:registered_date"]
# The encoding depends on the program that exported the extract.
ENCODINGS = ["gb18030", "utf-8-sig", "utf-8"]


def deliver(world: World, out: Deliveries) -> None:
    """Write one extract per night."""
    for night in range(1, world.nights + 1):
        now = world.enterprises_at(night)
        if night > 1:
            now = now.filter(
                (pl.col("first_night") == night)
                | (pl.col("renamed_night") == night).fill_null(False)
                | (pl.col("closed_night") == night).fill_null(False)
            )
        _write(world, out, night, _with_broken(world, night, now))
    out.truth("enterprises", _truth(world))


def _state(night: int) -> pl.Expr:
    return pl.when((pl.col("closed_night") <= night).fill_null(False)).then(pl.lit("注销")).otherwise(pl.lit("存续"))


def _with_broken(world: World, night: int, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with broken ones in between, whose firms occur nowhere else."""
    defects = world.defects(SOURCE, len(rows), RULES, night)
    if defects.is_empty():
        return rows.with_columns(defect=pl.lit(None, pl.String))
    broken = rows.head(len(defects)).with_columns(
        uscc=pl.col("uscc").str.slice(0, 2) + "000000" + pl.col("uscc").str.slice(8),
        name_then=pl.lit("无名") + pl.col("name_then"),
        former_names=pl.lit(None, pl.String),
        defect=defects["rule"],
    )
    rechecked = pl.lit(_rechecked(broken["uscc"]))
    broken = broken.with_columns(
        # A region of zeros changes the check digit, which may be wrong only where the rule is about the code.
        uscc=pl.when(pl.col("defect") == "uscc:uscc").then(with_wrong_check_digit(rechecked)).otherwise(rechecked)
    )
    sound = rows.with_columns(defect=pl.lit(None, pl.String), position=pl.int_range(pl.len(), dtype=pl.Int64) * 2)
    broken = broken.with_columns(position=defects["row"] * 2 + 1)
    return pl.concat([sound, broken.select(sound.columns)]).sort("position").drop("position")


def _rechecked(codes: pl.Series) -> pl.Series:
    """The codes with their right check digit."""
    first_17 = codes.str.slice(0, 17)
    return first_17 + uscc_check_digits(first_17)


def _write(world: World, out: Deliveries, night: int, rows: pl.DataFrame) -> None:
    encoding = ENCODINGS[(night - 1) % len(ENCODINGS)]
    day = night_date(night)
    path = out.path(night, SOURCE, f"企业登记信息摘录_{day:%Y%m%d}.csv")
    defect = pl.col("defect").fill_null("")
    registered = pl.col("registered_date").dt.to_string("%Y-%m-%d")
    table = rows.select(
        统一社会信用代码="uscc",
        企业名称=pl.when(defect != "required:enterprise_name").then("name_then"),
        英文名称="name_en",
        企业类型="enterprise_type",
        成立日期=pl.when(defect == "type:registered_date").then(pl.lit("2003-13-41")).otherwise(registered),
        行政区划代码="region_code",
        住所="address",
        行业代码="industry_code",
        登记状态=_state(night),
        曾用名="former_names",
        数据日期=pl.lit(f"{day:%Y-%m-%d}"),
    )
    write_csv(table, path, encoding)
    out.written(night, path, len(rows), broken_records(rows), encoding=encoding)


def _truth(world: World) -> pl.DataFrame:
    last = world.nights
    return world.enterprises_at(last).select(
        "uscc",
        name="name_then",
        name_en="name_en",
        former_names="former_names",
        region_code="region_code",
        registered_date="registered_date",
        industry_code="industry_code",
        state=_state(last),
        first_night="first_night",
        renamed_night="renamed_night",
        closed_night="closed_night",
    )
