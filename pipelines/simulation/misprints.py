"""How sources print the names of firms: what becomes of a name in a mention, with known truth.

The simulated world's lists and notices and the benchmark of identity print names by this one rule.
"""

from __future__ import annotations

import numpy as np
import opencc
import polars as pl

# What becomes of a name in a mention, and how often: the shares of the names as a bureau receives them.
CORRUPTIONS = {
    "clean": 0.50,
    "spacing": 0.06,
    "width": 0.06,
    "legal form": 0.08,
    "region prefix": 0.10,
    "traditional script": 0.05,
    "typo": 0.05,
    "dropped character": 0.03,
    "former name": 0.03,
    "English name": 0.04,
}
# Mentions that carry a credit code, where the format has a column for it; mentions of firms that no register holds;
# and of former and English names those that the register or a declared alias ties to their firm.
CODED_SHARE = 0.5
NO_COUNTERPART_SHARE = 0.2
ALIAS_SHARE = 0.6

# Characters of the first level of GB 2312 are the common ones.
_COMMON = [bytes([high, low]).decode("gb2312") for high in range(0xB0, 0xD7) for low in range(0xA1, 0xFF)]
# Digits, numerals and words of place would make other names than the corruption says.
CHARACTERS = [one for one in _COMMON if one not in "原省市县区州盟旗公司厂店部处所心有限责任股份"]


def corrupted(generator: np.random.Generator, firms: pl.DataFrame, characters: list[str]) -> pl.DataFrame:
    """The firms, one row per mention, with what becomes of the name (`corruption`) and the text (`printed`).

    `firms` holds name, word (the firm's own word in the name), trade, form, province and province_short (both empty
    where the city is a province), city, former_name and name_en; a misprint takes one of `characters`. The mention also
    keeps draw, second_draw and other_character, by which it came out so.
    """
    n = len(firms)
    mentions = firms.with_columns(
        corruption=_gathered(
            list(CORRUPTIONS), generator.choice(len(CORRUPTIONS), size=n, p=list(CORRUPTIONS.values()))
        ),
        draw=pl.Series(generator.random(n)),
        second_draw=pl.Series(generator.random(n)),
        other_character=_gathered(characters, generator.integers(0, len(characters), n)),
    )
    printed = mentions.select(_printed()).to_series()
    at = (mentions["corruption"] == "traditional script").arg_true()
    if len(at):
        traditional = opencc.OpenCC("s2t").convert("\n".join(printed.gather(at).to_list())).split("\n")
        printed = printed.scatter(at, pl.Series(traditional))
    return mentions.with_columns(printed.alias("printed"))


def _gathered(values: list[str], at: np.typing.NDArray[np.int64]) -> pl.Series:
    return pl.Series(values, dtype=pl.String).gather(pl.Series(at, dtype=pl.Int64))


def _printed() -> pl.Expr:
    """The name as the mention prints it, but for its script."""
    name, draw, second = pl.col("name"), pl.col("draw"), pl.col("second_draw")
    at = (draw * (name.str.len_chars() - 1)).cast(pl.Int64) + 1
    # Where in the name the word of the firm and of its trade stands, in characters.
    word_end = (
        name.str.len_chars() - name.str.split(pl.col("word")).list.slice(1).list.join(pl.col("word")).str.len_chars()
    )
    core = pl.concat_str("word", "trade")
    core_length = (
        pl.when(name.str.contains(core, literal=True))
        .then(core.str.len_chars())
        .otherwise(pl.col("word").str.len_chars())
    )
    hit = word_end - pl.col("word").str.len_chars() + (draw * core_length).cast(pl.Int64)
    kind = pl.col("corruption")
    return (
        pl.when(kind == "spacing")
        .then(
            name.str.slice(0, at) + pl.when(second < 0.5).then(pl.lit(" ")).otherwise(pl.lit("  ")) + name.str.slice(at)
        )
        .when(kind == "width")
        .then(
            pl.when(name.str.contains("（"))
            .then(name.str.replace_many(["（", "）"], ["(", ")"]))
            .otherwise(name.str.slice(0, at) + pl.lit("\u3000") + name.str.slice(at))
        )
        .when(kind == "legal form")
        .then(_other_legal_form(name))
        .when(kind == "region prefix")
        .then(_other_region_prefix(name, second))
        .when(kind == "typo")
        .then(name.str.slice(0, hit) + pl.col("other_character") + name.str.slice(hit + 1))
        .when(kind == "dropped character")
        .then(name.str.slice(0, hit) + name.str.slice(hit + 1))
        .when(kind == "former name")
        .then("former_name")
        .when(kind == "English name")
        .then("name_en")
        .otherwise(name)
    )


def _other_legal_form(name: pl.Expr) -> pl.Expr:
    return (
        pl.when(name.str.contains("有限责任公司"))
        .then(name.str.replace("有限责任公司", "有限公司"))
        .when(name.str.contains("股份有限公司"))
        .then(name.str.replace("股份有限公司", "股份公司"))
        .when(name.str.contains("有限公司"))
        .then(name.str.replace("有限公司", "有限责任公司"))
        .otherwise(name)
    )


def _other_region_prefix(name: pl.Expr, draw: pl.Expr) -> pl.Expr:
    """The name with its city written otherwise or left out, or its province where it names no city."""
    bare = pl.concat_str("word", "trade", "form")
    with_city = (
        pl.when(draw < 0.25)
        .then(pl.concat_str("province_short", "city", bare))
        .when(draw < 0.5)
        .then(pl.concat_str("province", pl.col("city") + "市", bare))
        .when(draw < 0.7)
        .then(pl.concat_str("city", pl.lit("市"), bare))
        .when(draw < 0.9)
        .then(pl.concat_str("city", bare))
        .otherwise(bare)
    )
    other_province = (
        pl.when(name.str.starts_with(pl.col("province")))
        .then(pl.concat_str("province_short", bare))
        .otherwise(pl.concat_str("province", bare))
    )
    return (
        pl.when(name.str.contains(pl.col("city"), literal=True))
        .then(with_city)
        .otherwise(pl.when(draw < 0.9).then(other_province).otherwise(bare))
    )
