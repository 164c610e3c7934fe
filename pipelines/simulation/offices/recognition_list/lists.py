"""The other lists: rewards paid, exporters, and values of brands."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulation.deliveries import Deliveries, write_csv
from pipelines.simulation.nights import days_before
from pipelines.simulation.offices.recognition_list.decisions import SOURCE, STATES, last_events
from pipelines.simulation.world import World

# The reward of Wuhan's action plan for each scheme, in CNY.
_REWARDS = {
    "武汉老字号": 100_000,
    "湖北老字号": 300_000,
    "中华老字号": 500_000,
    "武汉精品": 100_000,
    "湖北精品": 300_000,
}
_SERVICES = ["餐饮", "商贸", "科技"]
EXPORTER_SHARE = 0.15
BRAND_VALUES_PER_THOUSAND_MARKS = 6


def held_by_firms(world: World, cases: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """The recognitions that registered firms hold after the first night, with code and name of the firm."""
    return (
        last_events(events)
        .filter(pl.col("event").replace_strict(STATES, return_dtype=pl.String) == "held", pl.col("precision") == "day")
        .join(cases.drop("precision"), on=["holder", "scheme_no"], maintain_order="left")
        .filter(~pl.col("is_brand_only"))
        .join(
            world.enterprises_at(1).select("enterprise_no", "uscc", "name_then"),
            on="enterprise_no",
            maintain_order="left",
        )
        .sort("scheme_no", "holder")
    )


def pay_rewards(out: Deliveries, held: pl.DataFrame) -> None:
    """Payments of every second reward of Wuhan: half of it, all of it, or all of it without a stated amount."""
    day = days_before(1, 8)
    number = pl.int_range(pl.len(), dtype=pl.Int64)
    reward = pl.col("scheme").replace_strict(_REWARDS, return_dtype=pl.Int64)
    paid = (
        held.filter(pl.col("scheme").is_in(list(_REWARDS)), pl.col("region_name") == "湖北武汉")
        .gather_every(2)
        .with_columns(amount=pl.when(number % 3 == 0).then(reward // 2).when(number % 3 == 1).then(reward))
    )
    rows = _list_of_firms(
        paid, day, pl.col("scheme"), pl.col("edition"), "奖励发放", pl.col("level"), "模拟奖〔2024〕1号"
    )
    rows = rows.with_columns(paid["amount"].cast(pl.String).fill_null("").alias("发放金额(元)"))
    _write_list(out, f"奖励发放_武汉_{day:%Y%m%d}.csv", rows)
    out.truth(
        "reward_payments",
        paid.select(
            scheme_name="scheme",
            recipient_uscc="uscc",
            object_name="brand",
            paid_cny=pl.col("amount").cast(pl.Float64),
            reward_cny=reward.cast(pl.Float64),
            paid_date=pl.lit(day),
        ),
    )


def list_exporters(world: World, out: Deliveries) -> None:
    """The industrial exporters among the firms of the first night, at least three."""
    makers = world.enterprises_at(1).filter(~pl.col("industry").is_in(_SERVICES))
    draw = pl.Series(world.random(SOURCE, "exporters").random(len(makers)))
    exporters = makers.filter((draw < EXPORTER_SHARE) | (pl.Series(range(len(makers))) < 3))
    day = date(2024, 1, 31)
    rows = exporters.select(
        名录=pl.lit("工业出口企业"),
        年度=pl.lit("2023"),
        事项=pl.lit("登记"),
        层级=pl.lit("市"),
        日期=pl.lit(f"{day:%Y-%m-%d}"),
        企业名称="name_then",
        类别=pl.lit("企业"),
        品牌=pl.lit(""),
        统一社会信用代码="uscc",
        地区="region_name",
        文号=pl.lit("模拟商〔2024〕1号"),
    )
    _write_list(out, f"工业出口企业名录_{day:%Y%m%d}.csv", rows)
    listed = exporters.select(recipient_uscc="uscc", recipient_name="name_then", listed_date=pl.lit(day))
    out.truth("exporters", listed)


def list_brand_values(world: World, out: Deliveries, held: pl.DataFrame) -> None:
    """The values of some holders' brands, as a publisher states them."""
    firms = held.unique("enterprise_no", keep="first", maintain_order=True)
    generator = world.random(SOURCE, "brand values")
    chosen = np.sort(generator.permutation(len(firms))[: world.count(BRAND_VALUES_PER_THOUSAND_MARKS, 3)])
    valued = firms[chosen].with_columns(value=pl.Series(generator.integers(50, 5000, len(chosen)) * 10_000_000))
    day = date(2023, 6, 15)
    scheme, edition, level = pl.lit("中国500最具价值品牌"), pl.lit("2023"), pl.lit("国家")
    rows = _list_of_firms(valued, day, scheme, edition, "入选", level, "")
    rows = rows.with_columns(valued["value"].cast(pl.String).alias("品牌价值(元)"))
    _write_list(out, f"中国500最具价值品牌_{day:%Y%m%d}.csv", rows)
    out.truth(
        "brand_values",
        valued.select(
            recipient_uscc="uscc",
            object_name="brand",
            value_cny=pl.col("value").cast(pl.Float64),
            valued_date=pl.lit(day),
        ),
    )


def _list_of_firms(
    held: pl.DataFrame, day: date, scheme: pl.Expr, edition: pl.Expr, event: str, level: pl.Expr, document_no: str
) -> pl.DataFrame:
    """The columns of a list of recognitions that firms hold, of one day and one document."""
    return held.select(
        奖项=scheme,
        届次=edition,
        事项=pl.lit(event),
        级别=level,
        日期=pl.lit(f"{day:%Y-%m-%d}"),
        获奖单位="name_then",
        对象类别=pl.lit("企业"),
        品牌或产品="brand",
        统一社会信用代码="uscc",
        地区="region_name",
        文号=pl.lit(document_no),
    )


def _write_list(out: Deliveries, name: str, rows: pl.DataFrame) -> None:
    """Write a list on the first night, without broken records; an empty list is not delivered."""
    if not rows.is_empty():
        path = out.path(1, SOURCE, name)
        write_csv(rows, path, "utf-8")
        out.written(1, path, len(rows))
