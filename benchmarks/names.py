"""A world of enterprise names with known truth: a register, and mentions of its firms as sources really print them.

Every mention has what a notice or a list would print beside the name, and no more: an address in about half, often
shortened and sometimes another one; a place in some; a brand in some. Buildings are shared by several firms, brands by
several firms, and a fifth of the firms in the register have a neighbour there whose name differs in one character. A
fifth of the mentions are of firms that the register does not hold, some of them such neighbours too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.simulation.divisions import divisions
from pipelines.simulation.enterprises import unified_codes
from pipelines.simulation.misprints import ALIAS_SHARE, CHARACTERS, CODED_SHARE, NO_COUNTERPART_SHARE, corrupted

NEIGHBOUR_SHARE = 0.3

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
_FORMS = [("有限公司", 0.72), ("有限责任公司", 0.13), ("股份有限公司", 0.10), ("厂", 0.05)]
_ROADS = [
    "建设",
    "人民",
    "解放",
    "中山",
    "和平",
    "新华",
    "文化",
    "工业",
    "创业",
    "科技",
    "长江",
    "黄河",
    "东风",
    "胜利",
    "青年",
    "友谊",
]
_ENDS = ["路", "大道", "街", "东路", "西路", "南路", "北路", "中路"]
# A name takes its words from a few hundred of the common characters.
_N_CHARACTERS = 300


@dataclass(frozen=True)
class NameWorld:
    """`register`: one row per registered firm; `mentions`: one row per mention, with its truth and its corruption."""

    register: pl.DataFrame
    mentions: pl.DataFrame


def name_world(n_mentions: int, seed: int) -> NameWorld:
    """A world of that many mentions, of half as many registered firms.

    Register: uscc, name, former_name, name_en, has_former_alias, has_english_alias, region_code, address,
    industry_code, brand, mark_text (null where no mark is known). Mentions: mention_no, name, uscc (null where none is
    printed), truth (code of the firm), is_registered (whether the register holds it), corruption, address, brand,
    category.
    """
    generator = np.random.default_rng(seed)
    n_registered = n_mentions // 2
    n_outside = max(1, n_mentions // 8)
    firms = _firms(generator, n_registered + n_outside)
    shuffled = generator.permutation(len(firms))
    registered = firms[pl.Series(shuffled[: len(firms) - n_outside])]
    outside = firms[pl.Series(shuffled[len(firms) - n_outside :])]
    mentions = _mentions(generator, registered, outside, n_mentions)
    return NameWorld(registered, mentions)


def _pick(generator: np.random.Generator, values: list[str], n: int) -> pl.Series:
    return pl.Series(values).gather(pl.Series(generator.integers(0, len(values), n)))


def _weighted(generator: np.random.Generator, values: list[str], weights: list[float], n: int) -> pl.Series:
    return pl.Series(values).gather(pl.Series(generator.choice(len(values), size=n, p=weights)))


def _characters(generator: np.random.Generator) -> list[str]:
    return [CHARACTERS[i] for i in generator.choice(len(CHARACTERS), _N_CHARACTERS, replace=False)]


def _firms(generator: np.random.Generator, n: int) -> pl.DataFrame:
    characters = _characters(generator)
    n_families = round(n / (1 + NEIGHBOUR_SHARE))
    places = _places()
    weights = 1 / np.arange(1, len(places) + 1) ** 0.7
    frame = pl.concat(
        [
            pl.DataFrame(
                {
                    "place_no": generator.choice(len(places), size=n_families, p=weights / weights.sum()),
                    "length": generator.choice([2, 3, 4], size=n_families, p=[0.45, 0.35, 0.2]),
                    "industry_no": generator.integers(0, len(_INDUSTRIES), n_families),
                    "form": _weighted(generator, [f for f, _ in _FORMS], [w for _, w in _FORMS], n_families),
                    "shape": generator.random(n_families),
                }
            ),
            *[pl.DataFrame({f"c{i}": _pick(generator, characters, n_families)}) for i in range(4)],
        ],
        how="horizontal",
    ).with_columns(word=_word(pl.col("length")))
    # A neighbour is like a firm in all but one character of its word.
    twins = frame.with_columns(family=pl.int_range(pl.len())).sample(
        n - n_families, seed=int(generator.integers(1 << 31))
    )
    at = pl.Series("at", generator.integers(0, 2, len(twins)))
    twins = twins.with_columns(at, other=_pick(generator, characters, len(twins))).with_columns(
        word=pl.col("word").str.slice(0, pl.col("at")) + pl.col("other") + pl.col("word").str.slice(pl.col("at") + 1)
    )
    # Sisters of one owner: two in a hundred neighbours sit at the same address, five bear the same brand.
    frame = frame.with_columns(house_of=pl.int_range(pl.len()), brand_of=pl.int_range(pl.len()))
    twins = twins.with_row_index("twin").with_columns(
        house_of=pl.when(pl.Series(generator.random(len(twins))) < 0.02)
        .then("family")
        .otherwise(pl.col("twin").cast(pl.Int64) + len(frame)),
        brand_of=pl.when(pl.Series(generator.random(len(twins))) < 0.05)
        .then("family")
        .otherwise(pl.col("twin").cast(pl.Int64) + len(frame)),
    )
    frame = pl.concat([frame, twins.select(frame.columns)])
    industries = pl.DataFrame(
        _INDUSTRIES, schema=["industry", "industry_en", "industry_code", "category"], orient="row"
    ).with_row_index("industry_no")
    frame = (
        frame.with_columns(pl.col("industry_no").cast(pl.UInt32), pl.col("place_no").cast(pl.UInt32))
        .join(places.with_row_index("place_no"), on="place_no", maintain_order="left")
        .join(industries, on="industry_no", maintain_order="left")
        .with_columns(core=pl.col("word") + pl.col("industry"))
    )
    frame = frame.with_columns(name=_legal_name("core", "shape")).unique("name", keep="first", maintain_order=True)
    return _with_evidence(generator, frame, characters)


def _word(length: pl.Expr) -> pl.Expr:
    return (
        pl.when(length == 2)
        .then(pl.concat_str("c0", "c1"))
        .when(length == 3)
        .then(pl.concat_str("c0", "c1", "c2"))
        .otherwise(pl.concat_str("c0", "c1", "c2", "c3"))
    )


def _legal_name(core: str, shape: str) -> pl.Expr:
    kind = pl.col(shape)
    front = (
        pl.when(kind < 0.62)
        .then("city")
        .when(kind < 0.84)
        .then(pl.col("city") + "市")
        .when(kind < 0.92)
        .then(pl.col("province_short") + pl.col("city"))
    )
    return (
        pl.when(kind < 0.92)
        .then(pl.concat_str(front, core, "form"))
        .otherwise(pl.concat_str("core", pl.lit("（"), "city", pl.lit("）"), "form"))
    )


def _places() -> pl.DataFrame:
    """Cities in use, with one county each firm may lie in: province, province_short, city, city_code, counties."""
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


def _with_evidence(generator: np.random.Generator, frame: pl.DataFrame, characters: list[str]) -> pl.DataFrame:
    n = len(frame)
    county = (pl.Series(generator.random(n)) * frame["counties"].list.len()).cast(pl.Int64)
    frame = frame.with_columns(
        county=frame["counties"].list.get(county),
        region_code=frame["county_codes"].list.get(county),
        road=_pick(generator, _ROADS, n) + _pick(generator, _ENDS, n),
        house=pl.Series(generator.integers(1, 900, n)).cast(pl.String),
        other_brand=_pick(generator, characters[:200], n) + _pick(generator, characters[:200], n),
        brand_draw=pl.Series(generator.random(n)),
        own_draw=pl.Series(generator.random(n)),
        has_former=pl.Series(generator.random(n)) < 0.5,
        former_word=_pick(generator, characters, n) + _pick(generator, characters, n) + _pick(generator, characters, n),
    )
    # Two in ten sit in a building with others of their county.
    shared = pl.Series(generator.random(n)) < 0.2
    frame = frame.with_columns(
        road=pl.when(shared).then(pl.lit("科技园路")).otherwise("road"),
        house=pl.when(shared).then(pl.Series(generator.integers(1, 9, n)).cast(pl.String)).otherwise("house"),
    )
    frame = frame.with_columns(
        brand=pl.when(pl.col("brand_draw") < 0.6).then(
            pl.when(pl.col("own_draw") < 0.6).then("word").otherwise("other_brand")
        )
    )
    first_of_house = frame.unique("house_of", keep="first", maintain_order=True)
    first_of_brand = frame.unique("brand_of", keep="first", maintain_order=True)
    at_one_house = first_of_house.select("house_of", "county", "region_code", "road", "house")
    frame = (
        frame.drop("county", "region_code", "road", "house", "brand")
        .join(at_one_house, on="house_of", maintain_order="left")
        .join(first_of_brand.select("brand_of", "brand"), on="brand_of", maintain_order="left")
    )
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


def _mentions(generator: np.random.Generator, registered: pl.DataFrame, outside: pl.DataFrame, n: int) -> pl.DataFrame:
    n_outside = round(n * NO_COUNTERPART_SHARE)
    chosen = pl.concat(
        [
            registered[pl.Series(generator.integers(0, len(registered), n - n_outside))].with_columns(
                is_registered=True
            ),
            outside[pl.Series(generator.integers(0, len(outside), n_outside))].with_columns(is_registered=False),
        ]
    )
    characters = list(registered["characters"][0]) if len(registered) else []
    chosen = corrupted(
        generator,
        chosen.drop("characters").with_columns(mention_no=pl.int_range(pl.len()), trade="industry"),
        characters,
    ).with_columns(
        is_coded=pl.Series(generator.random(n)) < CODED_SHARE,
        address_draw=pl.Series(generator.random(n)),
        shorter_draw=pl.Series(generator.random(n)),
        brand_draw=pl.Series(generator.random(n)),
        category_draw=pl.Series(generator.random(n)),
        elsewhere=pl.Series(generator.integers(1, 900, n)).cast(pl.String),
    )
    return chosen.select(
        "mention_no",
        name="printed",
        uscc=pl.when(pl.col("is_coded")).then("uscc"),
        truth="uscc",
        is_registered="is_registered",
        corruption="corruption",
        address=_printed_address(),
        # Three in a hundred are made for somebody else's brand.
        brand=pl.when(pl.col("brand_draw") < 0.47)
        .then("brand")
        .when(pl.col("brand_draw") < 0.5)
        .then(pl.col("brand").shuffle(seed=1)),
        category=pl.when(pl.col("category_draw") < 0.5).then("category"),
    )


def _printed_address() -> pl.Expr:
    """An address in 55 of 100, only the city in 15; of addresses, half are whole and right, and 6 in 100 another's."""
    shorter = pl.col("shorter_draw")
    address = (
        pl.when(shorter < 0.55)
        .then("address")
        .when(shorter < 0.72)
        .then(pl.concat_str(pl.col("city") + "市", "county", "road", "house", pl.lit("号")))
        .when(shorter < 0.82)
        .then(pl.concat_str("county", "road", "house", pl.lit("号")))
        .when(shorter < 0.94)
        .then(pl.concat_str("address", "elsewhere", pl.lit("室")))
        .otherwise(
            pl.concat_str("province", pl.col("city") + "市", "county", pl.lit("新城路"), "elsewhere", pl.lit("号"))
        )
    )
    drawn = pl.col("address_draw")
    return pl.when(drawn < 0.55).then(address).when(drawn < 0.70).then(pl.concat_str("province", pl.col("city") + "市"))
