"""Region codes as compiled lists publish them, from the divisions packaged in python-stdnum."""

from __future__ import annotations

import polars as pl

from pipelines.simulation.deliveries import Deliveries, write_csv
from pipelines.simulation.divisions import divisions
from pipelines.simulation.world import World


def deliver(world: World, out: Deliveries) -> None:
    """Write the list once, on the first night."""
    code = pl.col("region_code")
    later = (pl.col("valid_from_year").shift(-1).over("region_code")).is_not_null()
    ended = pl.col("valid_to_year").is_not_null()
    rows = divisions().with_columns(
        state=pl.when(ended & later).then(pl.lit("变更")).when(ended).then(pl.lit("弃用")).otherwise(pl.lit("在用")),
    )
    path = out.path(1, "region_codes", "gbt2260_regions_2024.csv")
    write_csv(
        rows.select(
            代码=code,
            一级行政区="province_name",
            二级行政区="prefecture_name",
            名称="name_zh",
            级别="level_name",
            状态="state",
            启用时间="valid_from_year",
            **{"变更/弃用时间": pl.col("valid_to_year")},
            新代码=pl.when(pl.col("state") == "变更").then(code),
        ),
        path,
        "utf-8-sig",
    )
    out.written(1, path, len(rows), encoding="utf-8-sig")
    out.truth("regions", rows)
