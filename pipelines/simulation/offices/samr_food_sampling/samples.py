"""Samples of food: product, producer, sampled firm, and failing items."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulation.deliveries import either_party, party
from pipelines.simulation.draws import as_columns, choose
from pipelines.simulation.nights import dates, day_number, days_before, night_date
from pipelines.simulation.world import World

SOURCE = "samr_food_sampling"

# Failing item, result, limit; neighbouring rows name different items, so that a sample can have any run of them.
_ITEMS = [
    ("菌落总数", "3.7×10^4CFU/g", "n=5,c=2,m=10^4,M=10^5"),
    ("大肠菌群", "540CFU/g,90CFU/g,10CFU/g,10CFU/g,25CFU/g", "n=5,c=2,m=10,M=100"),
    ("霉菌", "6100CFU/g", "≤150CFU/g"),
    ("糖精钠(以糖精计)", "0.257g/kg", "不得使用"),
    ("铅(以Pb计)", "0.82mg/kg", "≤0.5mg/kg"),
    ("菌落总数", "3.7×104CFU/g", "≤10000CFU/g"),
    ("酒精度", "46.8%vol", "52±1%vol"),
    ("过氧化值(以脂肪计)", "0.62g/100g", "≤0.25g/100g"),
    ("毒死蜱", "0.96mg/kg", "≤0.1mg/kg"),
    ("苯甲酸及其钠盐(以苯甲酸计)", "1.35g/kg", "≤1.0g/kg"),
]
_PRODUCTS = {
    "糕点": ["试制步步糕", "绿豆酥", "芝麻饼"],
    "茶叶及相关制品": ["毛尖茶", "青砖茶"],
    "酒类": ["清香型白酒", "孝感米酒"],
    "调味品": ["保健香醋", "黄豆酱油"],
    "粮食加工品": ["红薯淀粉", "挂面"],
    "乳制品": ["纯牛奶", "酸奶"],
}
# Share of samples that fail, by food category.
_FAIL_SHARE = {"糕点": 0.08, "茶叶及相关制品": 0.03, "酒类": 0.07, "调味品": 0.06, "粮食加工品": 0.04, "乳制品": 0.02}
_SPECS = [("240克/盒", 3), ("500g/袋", 4), ("480mL/瓶 52%vol", 2), ("计量称重", 2), ("/", 1), ("—", 1)]


def new_samples(world: World, night: int, n: int, issued: int) -> pl.DataFrame:
    """Samples of food firms' products, taken at shops or at the producer."""
    generator = world.random(SOURCE, night)
    firms = world.firms_at(night)
    makers = firms.filter(pl.col("food_category") != "")
    maker = world.named(generator, makers, n)
    shop = world.named(generator, firms.filter(pl.col("industry") == "商贸"), n)
    commissioner = world.named(generator, makers, n)
    at_maker = generator.random(n) < 0.1
    made = day_number(days_before(night, 150)) + generator.integers(0, 100, n)
    frame = pl.DataFrame(
        {
            **party("producer", maker),
            **party("commissioner", commissioner),
            **party("shop", shop),
            "producer_address": maker["address"],
            "producer_province": maker["province"],
            "brand": maker["brand"],
            "category": maker["food_category"],
            "is_commissioned": (generator.random(n) < 0.05) & (commissioner["uscc"] != maker["uscc"]).to_numpy(),
            "shop_address": shop["address"],
            "shop_region": shop["region_code"],
            "at_maker": at_maker,
            "product_draw": generator.integers(0, 6, n),
            "made": dates(made),
            "date_style": generator.integers(0, 100, n),
            "brand_style": generator.integers(0, 100, n),
            **as_columns([(text,) for text, _ in _SPECS], choose(generator, _SPECS, n), ["spec"]),
            "fail_draw": generator.random(n),
            "items_draw": generator.random(n),
            "first_item": generator.integers(0, len(_ITEMS), n),
            "number": np.arange(issued + 1, issued + n + 1),
        }
    )
    category = pl.col("category")
    choices = pl.concat([_choice(name, products) for name, products in _PRODUCTS.items()])
    # Even in a small world two samples of a later night fail, the first of them in several items.
    always = pl.int_range(pl.len()) < (2 if night > 1 else 0)
    failed = always | (pl.col("fail_draw") < category.replace_strict(_FAIL_SHARE, return_dtype=pl.Float64))
    return (
        frame.join(choices, on=["category", "product_draw"], how="left", maintain_order="left")
        .with_columns(is_failed=failed)
        .with_columns(
            n_findings=pl.when(~pl.col("is_failed"))
            .then(0)
            .when(always & (pl.int_range(pl.len()) == 0))
            .then(3)
            .when(pl.col("items_draw") < 0.75)
            .then(1)
            .when(pl.col("items_draw") < 0.95)
            .then(2)
            .otherwise(3)
            .cast(pl.Int64),
            **either_party("sampled", "at_maker", "producer", "shop"),
            sampled_address=pl.when("at_maker").then("producer_address").otherwise("shop_address"),
            sample_no=pl.concat_str(
                pl.lit("XBJ"),
                pl.lit(f"{night_date(night):%y}"),
                "shop_region",
                pl.col("number").cast(pl.String).str.zfill(8),
            ),
            brand_text=pl.when(pl.col("brand_style") < 70)
            .then("brand")
            .when(pl.col("brand_style") < 80)
            .then(pl.col("brand") + "及图")
            .when(pl.col("brand_style") < 90)
            .then(pl.lit("/"))
            .otherwise(pl.lit("—")),
            production_date=_production_date(),
        )
    )


def _choice(category: str, products: list[str]) -> pl.DataFrame:
    """The product of a category for each of six draws."""
    return pl.DataFrame(
        {
            "category": [category] * 6,
            "product_draw": list(range(6)),
            "product": [products[draw % len(products)] for draw in range(6)],
        },
        schema_overrides={"product_draw": pl.Int64},
    )


def _production_date() -> pl.Expr:
    style, made = pl.col("date_style"), pl.col("made").dt
    return (
        pl.when(style < 50)
        .then(made.to_string("%Y-%m-%d"))
        .when(style < 65)
        .then(made.to_string("%Y/%-m/%-d"))
        .when(style < 80)
        .then(made.to_string("%Y年%-m月%-d日"))
        .when(style < 88)
        .then(made.to_string("%Y%m%d"))
        .when(style < 93)
        .then(pl.concat_str(made.to_string("%Y-%m-%d"), pl.lit("；"), made.offset_by("11d").dt.to_string("%Y-%m-%d")))
        .when(style < 97)
        .then(pl.lit("/"))
        .otherwise(pl.lit("批号：") + made.to_string("%y%m%d") + "A")
    )


def item_rows(failing: pl.DataFrame) -> pl.DataFrame:
    """One row per failing item, in the order of the samples."""
    items = as_columns(_ITEMS, np.arange(len(_ITEMS), dtype=np.int64), ["item_name", "item_result", "item_limit"])
    item_texts = pl.DataFrame({"item": np.arange(len(_ITEMS)), **items})
    return (
        failing.with_columns(position=pl.int_ranges(0, pl.col("n_findings")))
        .explode("position")
        .with_columns(item=((pl.col("first_item") + pl.col("position")) % len(_ITEMS)).cast(pl.Int64))
        .join(item_texts, on="item", how="left", maintain_order="left")
    )
