"""Product spot checks as three kinds of office publish them: a full list with refusals, a list of failing and a list of
passing samples, and a CSV with re-inspections.

Samples of a night above LISTED_SAMPLES are in a CSV.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulation.deliveries import Deliveries, party, with_defects
from pipelines.simulation.draws import as_columns, choose
from pipelines.simulation.nights import dates, day_number, days_before, night_date
from pipelines.simulation.offices.product_spot_check.layouts import (
    SOURCE,
    write_csv_file,
    write_full_list,
    write_two_lists,
)
from pipelines.simulation.world import World

RULES = ["required:product_name", "shifted:spec"]
SAMPLES_PER_THOUSAND_MARKS = 90
LISTED_SAMPLES = 6_000

_OFFICES = ["国家市场监督管理总局", "湖北省市场监督管理局", "安徽省市场监督管理局"]
# Product, category, specification, failing item, result, limit, by the industry that makes it.
_PRODUCTS: dict[str, list[tuple[str, str, str, str, str, str]]] = {
    "纺织": [
        ("女式服装", "纺织服装", "165/88A", "纤维含量", "棉82.1%", "棉100%"),
        ("儿童服装", "纺织服装", "110/52", "pH值", "8.6", "4.0～7.5"),
    ],
    "机械": [
        ("电动自行车", "车辆", "TDT01Z", "整车质量", "58.2kg", "≤55kg"),
        ("水泵", "机械设备", "QDX3-20", "效率", "31.5%", "≥38%"),
    ],
    "电子": [
        ("移动电源", "电子电器", "10000mAh", "额定能量", "28.4Wh", "≥37Wh"),
        ("电源适配器", "电子电器", "5V2A", "绝缘电阻", "1.3×103kΩ", "≥7000kΩ"),
    ],
    "化工": [
        ("塑料购物袋", "日用塑料", "450×280×0.025", "厚度偏差", "-18%", "±10%"),
        ("内墙涂料", "建筑材料", "20kg/桶", "甲醛含量", "126mg/kg", "≤50mg/kg"),
    ],
}


def deliver(world: World, out: Deliveries) -> None:
    """Write some notices on the first night, then one per night."""
    n_first = world.count(SAMPLES_PER_THOUSAND_MARKS, 9)
    issued = 0
    for night in range(1, world.nights + 1):
        n = n_first if night == 1 else max(4, n_first // 20)
        samples = _samples(world, night, n, issued)
        listed = min(n, LISTED_SAMPLES)
        sizes = [len(part) for part in np.array_split(np.arange(listed), 3)] if night == 1 else [listed]
        sizes += [n - listed] if n > listed else []
        start = 0
        for number, size in enumerate(sizes):
            style = 2 if number > 2 else (number if night == 1 else night % 3)
            notice = _notice(samples.slice(start, size), night, number, style)
            notice = with_defects(notice, _defects(world, notice, style, night, number)).with_columns(
                product=pl.when(pl.col("defect") == RULES[0]).then(pl.lit("")).otherwise("product"),
                spec=pl.when(pl.col("defect") == RULES[1]).then(pl.lit("5.64g/kg")).otherwise("spec"),
            )
            [write_full_list, write_two_lists, write_csv_file][style](out, night, number, notice)
            out.truth("spot_checks", _truth(notice, night))
            out.parties(night, SOURCE, notice)
            start += size
        issued += n


def _samples(world: World, night: int, n: int, issued: int) -> pl.DataFrame:
    """Samples of goods taken at shops; a few makers refuse, a few failures are inspected again."""
    generator = world.random(SOURCE, night)
    firms = world.firms_at(night)
    makers = firms.filter(pl.col("industry").is_in(list(_PRODUCTS)))
    maker = world.named(generator, makers if len(makers) else firms, n)
    shop = world.named(generator, firms.filter(pl.col("industry") == "商贸"), n)
    commissioner = world.named(generator, firms, n)
    products = [(*product, 1) for group in _PRODUCTS.values() for product in group]
    names = ["product", "category", "spec", "item", "item_result", "item_limit"]
    made = dates(day_number(days_before(night, 200)) + generator.integers(0, 150, n))
    draw = pl.col("draw")
    return pl.DataFrame(
        {
            **party("producer", maker),
            **party("commissioner", commissioner),
            **party("sampled", shop),
            "producer_address": maker["address"],
            "brand": maker["brand"],
            "is_commissioned": (generator.random(n) < 0.06) & (commissioner["uscc"] != maker["uscc"]).to_numpy(),
            "sampled_address": shop["address"],
            "region": shop["region_code"],
            "made": made,
            "draw": generator.random(n),
            "is_recheck": generator.random(n) < 0.4,
            "number": np.arange(issued + 1, issued + n + 1),
            **as_columns(products, choose(generator, products, n), names),
        }
    ).with_columns(
        result=pl.when(draw < 0.03)
        .then(pl.lit("refused"))
        .when(draw < 0.2)
        .then(pl.lit("fail"))
        .otherwise(pl.lit("pass")),
        sample_no=pl.concat_str(
            pl.lit(f"CC{night_date(night):%y}"), "region", pl.col("number").cast(pl.String).str.zfill(7)
        ),
        brand_text=pl.when(draw * 100 % 1 < 0.7).then("brand").otherwise(pl.lit("/")),
        production_date=pl.when(draw * 1000 % 1 < 0.5)
        .then(made.dt.to_string("%Y年%-m月%-d日"))
        .otherwise(pl.concat_str(made.dt.to_string("%Y-%m-%d"), made.dt.to_string("%y%m%d"), pl.lit("01"))),
    )


def _notice(samples: pl.DataFrame, night: int, number: int, style: int) -> pl.DataFrame:
    """The samples of one notice in the wording of its office, failing ones first."""
    day = days_before(night, 5 + number)
    failed = pl.col("result") == "fail"
    if style == 1:
        samples = samples.with_columns(result=pl.when(failed).then("result").otherwise(pl.lit("pass")))
    samples = samples.with_columns(
        is_recheck=pl.col("is_recheck") & failed & pl.lit(style == 2),
        office=pl.lit(_OFFICES[style]),
        agency=pl.lit(_OFFICES[style]),
        notice_no=pl.lit(f"{day.year}年第{night * 10 + number}批"),
        notice_date=pl.lit(day if style != 1 else None, pl.Date),
        notice_date_text=pl.lit(f"{day:%Y年%m月%d日}"),
        lab=pl.lit("模拟产品质量检验研究院"),
        producer=pl.when("is_commissioned")
        .then(
            pl.concat_str(
                pl.lit("标称委托单位："), "commissioner_printed", pl.lit("；标称生产单位："), "producer_printed"
            )
        )
        .otherwise("producer_printed"),
    )
    return samples.sort(~failed, maintain_order=True).with_columns(
        row_no=pl.int_range(1, pl.len() + 1).cast(pl.String),
        conclusion=pl.col("result").replace_strict({"pass": "合格", "fail": "不合格", "refused": "拒检"}),
        failed_items=pl.when(failed)
        .then(pl.concat_str("item", "item_result", "item_limit", separator="‖"))
        .otherwise(pl.lit("/")),
        remark=pl.when(failed & ~pl.col("is_recheck")).then(pl.lit("未申请复检")).otherwise(pl.lit("")),
    )


def _defects(world: World, notice: pl.DataFrame, style: int, night: int, number: int) -> pl.DataFrame:
    """The broken records; in separate lists, only among the passing samples."""
    n_failing = int((notice["result"] == "fail").sum()) if style == 1 else 0
    drawn = world.defects(SOURCE, len(notice) - n_failing, RULES, night, number)
    return drawn.with_columns(row=pl.col("row") + n_failing)


def _truth(notice: pl.DataFrame, night: int) -> pl.DataFrame:
    failed = pl.col("result") == "fail"
    has_two = pl.col("notice_date").is_null()
    return notice.filter(pl.col("defect").is_null()).select(
        "sample_no",
        "notice_no",
        "notice_date",
        "result",
        "is_recheck",
        n_findings=pl.when(~failed).then(0).when(has_two).then(2).otherwise(1).cast(pl.Int64),
        producer_uscc="producer_uscc",
        producer_name="producer_name",
        commissioner_name=pl.when("is_commissioned").then("commissioner_name"),
        sampled_uscc="sampled_uscc",
        product_name="product",
        category_name="category",
        item_name=pl.when(failed).then("item"),
        production_date="made",
        night=pl.lit(night, pl.Int64),
    )
