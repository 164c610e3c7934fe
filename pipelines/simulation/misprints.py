"""Misprints: how sources print the names of firms, with the true name known.

The simulated lists and notices and the benchmark of identity print names by this rule.
"""

from __future__ import annotations

import numpy as np
import opencc
import polars as pl

# What happens to a name in a mention, and the share of mentions: as in the names that a bureau receives.
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
# The share of mentions with a credit code, where the format has a column for it; of mentions of firms that are in no
# register; and of former and English names that the register or a declared alias links to their firm.
CODED_SHARE = 0.5
NO_COUNTERPART_SHARE = 0.2
ALIAS_SHARE = 0.6

# Characters of the first level of GB 2312 are the common ones.
_COMMON = [bytes([high, low]).decode("gb2312") for high in range(0xB0, 0xD7) for low in range(0xA1, 0xFF)]
# A numeral, or a character of a region or legal form, would change the name in another way than a typo does.
CHARACTERS = [character for character in _COMMON if character not in "原省市县区州盟旗公司厂店部处所心有限责任股份"]


def corrupted(generator: np.random.Generator, firms: pl.DataFrame, characters: list[str]) -> pl.DataFrame:
    """The firms, one row per mention, with the kind of misprint (`corruption`) and the text (`printed`).

    `firms` has name, word (the firm's own word in the name), trade, form, province and province_short (both empty where
    the city is a province), city, former_name and name_en; a typo takes one of `characters`. The random draws behind
    each misprint are kept as draw, second_draw and other_character.
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
    """The name as printed, still in simplified script."""
    name, draw, second = pl.col("name"), pl.col("draw"), pl.col("second_draw")
    at = (draw * (name.str.len_chars() - 1)).cast(pl.Int64) + 1
    # The position in the name, in characters, after the firm's own word.
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
    """The name with its city in another form or without it; with its province where the name has no city."""
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
