"""Reported statistics: a wide table by province and city, and a bureau's own list of indicators."""

from __future__ import annotations

import polars as pl

from pipelines.simulation.deliveries import Deliveries, broken_records, with_defects, write_csv
from pipelines.simulation.divisions import divisions
from pipelines.simulation.nights import night_date
from pipelines.simulation.world import World

SOURCE = "indicator_report"
RULES = ["pattern:region_code", "required:region_name"]
ORIGIN_TITLE = "马德里商标国际注册申请量"
_CITIES = ["武汉市", "合肥市", "济南市", "青岛市", "广州市", "深圳市"]


def deliver(world: World, out: Deliveries) -> None:
    """Write Madrid applications by origin on the first night, and a list of indicators every night."""
    for night in range(1, world.nights + 1):
        if night == 1:
            _write_by_origin(world, out)
        _write_indicators(world, out, night)


def _write_by_origin(world: World, out: Deliveries) -> None:
    """A wide table of two years; the values of cities are included in those of their provinces."""
    in_use = divisions().filter(pl.col("valid_to_year").is_null())
    provinces = in_use.filter(pl.col("level_name") == "省级")["name_zh"].to_list()
    generator = world.random(SOURCE, "origin")
    values = generator.integers(20, 900, (len(provinces), 2)).tolist()
    total = [sum(row[year] for row in values) for year in (0, 1)]
    values_of = dict(zip(provinces, values, strict=True))
    province_of = dict(in_use.filter(pl.col("name_zh").is_in(_CITIES)).select("name_zh", "province_name").iter_rows())
    cities = [(city, [value // 2 for value in values_of[province_of[city]]]) for city in _CITIES]
    rows = pl.DataFrame(
        [("合计", *total), *((name, *row) for name, row in zip(provinces, values, strict=True))]
        + [(city, *row) for city, row in cities],
        schema={"地区": pl.String, "2022": pl.Int64, "2023": pl.Int64},
        orient="row",
    )
    path = out.path(1, SOURCE, "madrid_applications_by_origin_2022_2023.csv")
    write_csv(rows, path, "utf-8")
    # The title is the only place that names the quantity: a received file may have any name.
    path.write_bytes(f"{ORIGIN_TITLE},,\r\n".encode("utf-8-sig") + path.read_bytes())
    out.written(1, path, len(rows), encoding="utf-8-sig")
    long = rows.unpivot(index="地区", variable_name="period", value_name="value")
    out.truth("indicator_values", _truth(long, "madrid_applications", "件"))


def _truth(rows: pl.DataFrame, indicator_id: str, unit: str) -> pl.DataFrame:
    return rows.select(
        indicator_id=pl.lit(indicator_id),
        region_name="地区",
        period="period",
        value=pl.col("value").cast(pl.Float64),
        unit=pl.lit(unit),
        is_of_which=pl.col("地区").is_in(_CITIES),
    )


def _write_indicators(world: World, out: Deliveries, night: int) -> None:
    """A bureau's monthly report: shares in per cent, counts in 万件, and the cities of a province as 其中."""
    generator = world.random(SOURCE, night)
    day = night_date(night)
    period = f"{day.year}年{day.month}月"
    share = [round(30 + 20 * float(draw), 1) for draw in generator.random(4)]
    marks = generator.integers(200, 999, 6).tolist()
    rows = [
        ("品牌经济占经济总量比重", "安徽省", f"{share[0]}%", ""),
        ("品牌经济占经济总量比重", "武汉市", f"{share[1]}", "%"),
        ("高新技术产业增加值占规上工业比重", "安徽省", f"{share[2]}", "%"),
        ("战略性新兴产业产值占规上工业比重", "安徽省", f"{share[3]}%", "%"),
        ("有效注册商标总量", "湖北省", f"{marks[0] / 10}", "万件"),
        ("有效注册商标总量", "其中：武汉市", f"{marks[0] / 20:.2f}万", "件"),
        ("有效注册商标总量", "安徽省", f"{marks[1]},{marks[2]}", "件"),
        ("商标申请件数", "湖北省", f"{marks[3]}", "件"),
        ("商标申请件数", "安徽省", f"{marks[4]}", "件"),
        ("商标申请件数", "山东省", f"{marks[5]}", "件"),
        *(
            ("商标注册件数", f"{name}", f"{value}", "件")
            for name, value in zip(["湖北省", "安徽省"], marks, strict=False)
        ),
        *((f"试金指标{i}", "湖北省", f"{generator.integers(1, 99)}", "项") for i in range(1, 21)),
    ]
    frame = pl.DataFrame(rows, schema=["指标", "地区", "数值", "单位"], orient="row")
    frame = with_defects(frame, world.defects(SOURCE, len(frame), RULES, night))
    defect = pl.col("defect").fill_null("")
    table = frame.select(
        "指标",
        pl.when(defect == "required:region_name").then(pl.lit("")).otherwise("地区").alias("地区"),
        行政区划代码=pl.when(defect == "pattern:region_code")
        .then(pl.lit("42"))
        .when(pl.col("地区") == "湖北省")
        .then(pl.lit("420000")),
        时期=pl.lit(period),
        数值="数值",
        单位="单位",
        文件=pl.lit(f"品牌建设统计月报（{period}）"),
        发布日期=pl.lit(f"{day:%Y-%m-%d}"),
    )
    path = out.path(night, SOURCE, f"品牌建设统计月报_{day:%Y-%m-%d}.csv")
    encoding = "gb18030" if night % 2 else "utf-8"
    write_csv(table, path, encoding)
    out.written(night, path, len(frame), broken_records(frame), encoding=encoding)
