"""Invented firms with legal names, and the evidence by which their mentions can be matched.

Several firms share a building, several share a brand. A fifth of the firms have a neighbour, whose name differs from
theirs in one character.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from benchmarks.identity.places import cities_with_counties
from pipelines.simulation.enterprises import unified_codes
from pipelines.simulation.misprints import ALIAS_SHARE, CHARACTERS

# Neighbours per firm that is not a neighbour itself.
NEIGHBOUR_SHARE = 0.3
# Of a hundred neighbours, two belong to the owner of their firm and have its address; five have its brand.
SAME_HOUSE_SHARE, SAME_BRAND_SHARE = 0.02, 0.05
# Two in ten firms are in a building with others of their county.
SHARED_BUILDING_SHARE = 0.2

# Word in the name, in English, GB/T 4754 code, food category of the licence catalogue.
_INDUSTRIES = [
    ("食品", "FOOD", "1411", "糕点"),
    ("茶业", "TEA", "1530", "茶叶及相关制品"),
    ("酒业", "LIQUOR", "1512", "酒类"),
    ("调味品", "CONDIMENT", "1469", "调味品"),
    ("粮油", "GRAIN AND OIL", "1311", "粮食加工品"),
    ("乳业", "DAIRY", "1441", "乳制品"),
    ("纺织", "TEXTILE", "1711", None),
    ("机械", "MACHINERY", "3421", None),
    ("电子科技", "ELECTRONICS", "3979", None),
    ("医药", "PHARMACEUTICAL", "2720", None),
    ("化工", "CHEMICAL", "2614", None),
    ("商贸", "TRADING", "5212", None),
    ("建材", "BUILDING MATERIALS", "3039", None),
    ("农业发展", "AGRICULTURE", "0111", None),
]
_LEGAL_FORMS = {"有限公司": 0.72, "有限责任公司": 0.13, "股份有限公司": 0.10, "厂": 0.05}
_ROADS = [
    *("建设", "人民", "解放", "中山", "和平", "新华", "文化", "工业"),
    *("创业", "科技", "长江", "黄河", "东风", "胜利", "青年", "友谊"),
]
_ROAD_ENDINGS = ["路", "大道", "街", "东路", "西路", "南路", "北路", "中路"]
# A name takes its words from a few hundred of the common characters.
_N_CHARACTERS = 300
_N_BRAND_CHARACTERS = 200


def firms_with_evidence(generator: np.random.Generator, n: int) -> pl.DataFrame:
    """About that many firms: the columns of the register (see `name_world`), and what their mentions are made of."""
    chosen = generator.choice(len(CHARACTERS), _N_CHARACTERS, replace=False)
    characters = [CHARACTERS[number] for number in chosen]
    cities = cities_with_counties()
    firms = _firms_with_words(generator, round(n / (1 + NEIGHBOUR_SHARE)), len(cities), characters)
    neighbours = _neighbours(generator, firms, n - len(firms), characters)
    firms = firms.with_columns(house_of=pl.int_range(pl.len()), brand_of=pl.int_range(pl.len()))
    named = _named(pl.concat([firms, neighbours.select(firms.columns)]), cities)
    return _with_codes(generator, _with_addresses_and_brands(generator, named, characters), characters)


def _pick(generator: np.random.Generator, values: Sequence[str], n: int) -> pl.Series:
    return pl.Series(values).gather(pl.Series(generator.integers(0, len(values), n)))


def _firms_with_words(generator: np.random.Generator, n: int, n_cities: int, characters: Sequence[str]) -> pl.DataFrame:
    """Firms that are not neighbours: the number of their city and industry, their legal form and their word."""
    weights = 1 / np.arange(1, n_cities + 1) ** 0.7
    forms, shares = list(_LEGAL_FORMS), list(_LEGAL_FORMS.values())
    frame = pl.DataFrame(
        {
            "place_no": generator.choice(n_cities, size=n, p=weights / weights.sum()),
            "length": generator.choice([2, 3, 4], size=n, p=[0.45, 0.35, 0.2]),
            "industry_no": generator.integers(0, len(_INDUSTRIES), n),
            "form": pl.Series(forms).gather(pl.Series(generator.choice(len(forms), size=n, p=shares))),
            "shape": generator.random(n),
        }
    )
    spelt = [pl.DataFrame({f"c{number}": _pick(generator, characters, n)}) for number in range(4)]
    return pl.concat([frame, *spelt], how="horizontal").with_columns(word=_word(pl.col("length")))


def _word(length: pl.Expr) -> pl.Expr:
    return (
        pl.when(length == 2)
        .then(pl.concat_str("c0", "c1"))
        .when(length == 3)
        .then(pl.concat_str("c0", "c1", "c2"))
        .otherwise(pl.concat_str("c0", "c1", "c2", "c3"))
    )


def _neighbours(generator: np.random.Generator, firms: pl.DataFrame, n: int, characters: Sequence[str]) -> pl.DataFrame:
    """Firms that are like one of `firms` in everything except one character of their word."""
    frame = firms.with_columns(family=pl.int_range(pl.len())).sample(n, seed=int(generator.integers(1 << 31)))
    at = pl.Series("at", generator.integers(0, 2, n))
    frame = frame.with_columns(at, other=_pick(generator, characters, n)).with_columns(
        word=pl.col("word").str.slice(0, pl.col("at")) + pl.col("other") + pl.col("word").str.slice(pl.col("at") + 1)
    )
    own_number = pl.col("neighbour").cast(pl.Int64) + len(firms)
    return frame.with_row_index("neighbour").with_columns(
        house_of=pl.when(pl.Series(generator.random(n)) < SAME_HOUSE_SHARE).then("family").otherwise(own_number),
        brand_of=pl.when(pl.Series(generator.random(n)) < SAME_BRAND_SHARE).then("family").otherwise(own_number),
    )


def _named(firms: pl.DataFrame, cities: pl.DataFrame) -> pl.DataFrame:
    """The firms with their city, their industry and their legal name, each name once."""
    industries = pl.DataFrame(
        _INDUSTRIES, schema=["industry", "industry_en", "industry_code", "category"], orient="row"
    ).with_row_index("industry_no")
    return (
        firms.with_columns(pl.col("industry_no").cast(pl.UInt32), pl.col("place_no").cast(pl.UInt32))
        .join(cities.with_row_index("place_no"), on="place_no", maintain_order="left")
        .join(industries, on="industry_no", maintain_order="left")
        .with_columns(core=pl.col("word") + pl.col("industry"))
        .with_columns(name=_legal_name())
        .unique("name", keep="first", maintain_order=True)
    )


def _legal_name() -> pl.Expr:
    """City, province and city, or a city in brackets; then word, industry and legal form."""
    shape = pl.col("shape")
    front = (
        pl.when(shape < 0.62)
        .then("city")
        .when(shape < 0.84)
        .then(pl.col("city") + "市")
        .when(shape < 0.92)
        .then(pl.col("province_short") + pl.col("city"))
    )
    return (
        pl.when(shape < 0.92)
        .then(pl.concat_str(front, "core", "form"))
        .otherwise(pl.concat_str("core", pl.lit("（"), "city", pl.lit("）"), "form"))
    )


def _with_addresses_and_brands(
    generator: np.random.Generator, frame: pl.DataFrame, characters: Sequence[str]
) -> pl.DataFrame:
    """The firms with county, road, house and brand; firms of one house share the address, firms of one brand that."""
    n = len(frame)
    brand_characters = characters[:_N_BRAND_CHARACTERS]
    county = (pl.Series(generator.random(n)) * frame["counties"].list.len()).cast(pl.Int64)
    frame = frame.with_columns(
        county=frame["counties"].list.get(county),
        region_code=frame["county_codes"].list.get(county),
        road=_pick(generator, _ROADS, n) + _pick(generator, _ROAD_ENDINGS, n),
        house=pl.Series(generator.integers(1, 900, n)).cast(pl.String),
        other_brand=_pick(generator, brand_characters, n) + _pick(generator, brand_characters, n),
        brand_draw=pl.Series(generator.random(n)),
        own_draw=pl.Series(generator.random(n)),
        has_former=pl.Series(generator.random(n)) < 0.5,
        former_word=_pick(generator, characters, n) + _pick(generator, characters, n) + _pick(generator, characters, n),
    )
    is_shared = pl.Series(generator.random(n)) < SHARED_BUILDING_SHARE
    frame = frame.with_columns(
        road=pl.when(is_shared).then(pl.lit("科技园路")).otherwise("road"),
        house=pl.when(is_shared).then(pl.Series(generator.integers(1, 9, n)).cast(pl.String)).otherwise("house"),
        brand=pl.when(pl.col("brand_draw") < 0.6).then(
            pl.when(pl.col("own_draw") < 0.6).then("word").otherwise("other_brand")
        ),
    )
    address = ["county", "region_code", "road", "house"]
    houses = frame.unique("house_of", keep="first", maintain_order=True).select("house_of", *address)
    brands = frame.unique("brand_of", keep="first", maintain_order=True).select("brand_of", "brand")
    return (
        frame.drop(*address, "brand")
        .join(houses, on="house_of", maintain_order="left")
        .join(brands, on="brand_of", maintain_order="left")
    )


def _with_codes(generator: np.random.Generator, frame: pl.DataFrame, characters: Sequence[str]) -> pl.DataFrame:
    """The firms with credit code, address, former and English name, and the aliases and marks that are known."""
    n = len(frame)
    prefix = pl.Series(["91"]).extend_constant("91", n - 1)
    return frame.with_columns(
        uscc=unified_codes(prefix, frame["region_code"], np.arange(n, dtype=np.int64)),
        address=pl.concat_str("province", pl.col("city") + "市", "county", "road", "house", pl.lit("号")),
        former_name=pl.concat_str("city", "former_word", "industry", "form"),
        name_en=pl.concat_str(
            pl.lit("FIRM "),
            pl.int_range(pl.len()).cast(pl.String).str.zfill(8),
            pl.lit(" "),
            "industry_en",
            pl.lit(" CO., LTD."),
        ),
        has_former_alias=pl.Series(generator.random(n)) < ALIAS_SHARE,
        has_english_alias=pl.Series(generator.random(n)) < ALIAS_SHARE,
    ).with_columns(
        mark_text=pl.when(pl.Series(generator.random(n)) < 0.6).then("brand"),
        characters=pl.lit("".join(characters)),
    )
