"""Registered marks and their owners: mainland enterprises, local firms, persons and foreign firms."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import opencc
import polars as pl

from pipelines.simulation.draws import Integers, as_columns, choose
from pipelines.simulation.nights import dates
from pipelines.simulation.words import in_latin_stems, in_stems
from pipelines.simulation.world import World

SOURCE = "tipo_gazette"
FIRST_REGISTRATION = 2_300_000

# Nationality as printed in front of the name, weight.
_FOREIGN = [
    ("美商", 30),
    ("日商", 25),
    ("香港商", 12),
    ("南韓商", 8),
    ("新加坡商", 6),
    ("德商", 6),
    ("英商", 5),
    ("法商", 4),
    ("瑞士商", 2),
    ("開曼群島商", 2),
]
_CLASSES = [f"{number:03d}" for number in (3, 5, 9, 16, 25, 29, 30, 32, 33, 35, 41, 43)]


def new_marks(world: World, night: int, n: int, registered: Integers, issued: int) -> pl.DataFrame:
    """The marks of a night's gazettes, in order of registration."""
    generator = world.random(SOURCE, night)
    enterprises = world.enterprises_at(night)
    owner = generator.integers(0, len(enterprises), n)
    kind = generator.random(n)
    number = pl.Series(generator.integers(0, 100_000, n))
    filed = registered - generator.integers(150, 420, n)
    classes = generator.integers(0, len(_CLASSES), (n, 2))
    owned = enterprises.select("uscc", "name_then", "name_en", "nice_class", "brand", "brand_en")[owner]
    names = owned["name_then"].unique(maintain_order=True)
    brands = owned["brand"].unique(maintain_order=True)
    frame = pl.DataFrame(
        {
            "registration_no": (pl.Series(np.arange(n)) + FIRST_REGISTRATION + issued).cast(pl.String).str.zfill(8),
            "filed": dates(filed),
            "registered": dates(registered),
            "kind": kind,
            "variant": generator.integers(0, 100, n),
            "n_classes": 1 + (generator.random(n) < 0.14).astype(np.int64) + (generator.random(n) < 0.06),
            "n_agents": generator.integers(0, 3, n),
            "agent": generator.integers(0, 60, n),
            "second_owner": generator.random(n) < 0.015,
            "membership": generator.random(n) < 0.0005,
            "coloured": generator.random(n) < 0.2,
            "class_2": pl.Series(_CLASSES).gather(pl.Series(classes[:, 0])),
            "class_3": pl.Series(_CLASSES).gather(pl.Series(classes[:, 1])),
            **as_columns(_FOREIGN, choose(generator, _FOREIGN, n), ["nationality"]),
            "stems": in_stems(number, 5),
            "stems_en": in_latin_stems(number, 5),
        }
    )
    return (
        frame.hstack(owned)
        .with_columns(
            name_traditional=pl.col("name_then").replace_strict(names, _traditional(names), return_dtype=pl.String),
            brand_traditional=pl.col("brand").replace_strict(brands, _traditional(brands), return_dtype=pl.String),
        )
        .with_columns(_owner_columns())
        .with_columns(mark_text=_mark_text())
    )


def _owner_columns() -> list[pl.Expr]:
    """Name and word of the owner by its kind, in both scripts."""
    mainland, local = pl.col("kind") < 0.4, pl.col("kind") < 0.6
    person, foreign_en = pl.col("kind") < 0.75, pl.concat_str(pl.lit("SAMPLE "), "stems_en", pl.lit(" INC."))
    local_name = pl.concat_str(pl.lit("測試"), "stems", pl.lit("股份有限公司"))
    person_name = pl.lit("測") + pl.col("stems").str.slice(2)
    foreign_name = pl.concat_str(pl.lit("樣本"), "stems", pl.lit("公司"))
    return [
        pl.when(mainland).then("uscc").alias("owner_uscc"),
        pl.when(mainland)
        .then("name_then")
        .when(local)
        .then(local_name)
        .when(person)
        .then(person_name)
        .otherwise(foreign_name)
        .alias("owner_name"),
        pl.when(mainland)
        .then(pl.lit("大陸商") + pl.col("name_traditional"))
        .when(local)
        .then(local_name)
        .when(person)
        .then(person_name)
        .otherwise(pl.col("nationality") + foreign_name)
        .alias("printed_owner"),
        pl.when(mainland)
        .then("name_en")
        .when(local)
        .then(pl.concat_str(pl.lit("TEST "), "stems_en", pl.lit(" CO., LTD.")))
        .when(person)
        .then(pl.lit(""))
        .otherwise(foreign_en)
        .alias("owner_name_en"),
        pl.when(mainland).then("brand_traditional").otherwise(pl.lit("樣本") + pl.col("stems")).alias("word"),
        pl.when(mainland).then("brand_en").otherwise(pl.lit("Sample ") + pl.col("stems_en")).alias("word_en"),
    ]


def _mark_text() -> pl.Expr:
    variant = pl.col("variant")
    return (
        pl.when("membership")
        .then(pl.col("word") + "團體標章")
        .when(variant < 45)
        .then("word")
        .when(variant < 60)
        .then(pl.col("word") + "及圖")
        .when(variant < 80)
        .then(pl.concat_str("word", pl.lit(" "), "word_en"))
        .when(variant < 88)
        .then(pl.concat_str("word", pl.lit(" & "), "word_en", pl.lit("（設計字）")))
        .when(variant < 98)
        .then("word_en")
        .otherwise(pl.lit("設計圖"))
    )


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")


def _traditional(values: pl.Series) -> pl.Series:
    converted = _converter().convert("\n".join(values.to_list()))
    return pl.Series(values.name, converted.split("\n"))


def expiry() -> pl.Expr:
    """The last day of a mark's ten years."""
    return pl.col("registered").dt.offset_by("10y").dt.offset_by("-1d")


def has_class(position: int) -> pl.Expr:
    """Whether a mark has a second or third class; no class is printed twice, and membership marks have none."""
    distinct = pl.col("class_2") != pl.col("nice_class")
    if position == 3:
        distinct = (pl.col("class_3") != pl.col("nice_class")) & (pl.col("class_3") != pl.col("class_2"))
    return (pl.col("n_classes") >= position) & distinct & ~pl.col("membership")
