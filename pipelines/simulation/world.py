"""The invented world: its enterprises night by night, its defects, and random numbers by purpose."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from pipelines.contract.declarations import Source
from pipelines.simulation.enterprises import cohort
from pipelines.simulation.misprints import CHARACTERS, NO_COUNTERPART_SHARE, corrupted
from pipelines.simulation.nights import MAX_NIGHTS

ENTERPRISES_PER_THOUSAND_MARKS = 350
BROKEN_SHARE = 0.002


@dataclass(frozen=True)
class World:
    """The world of one simulation: `scale` in thousands of trademarks, the number of nights, the seed."""

    scale: float
    nights: int
    seed: int
    sources: Mapping[str, Source]

    def random(self, *purpose: str | int) -> np.random.Generator:
        """Random numbers for one purpose, independent of everything else that is simulated."""
        return np.random.default_rng([self.seed, *[zlib.crc32(str(word).encode()) for word in purpose]])

    def count(self, per_thousand_marks: float, at_least: int = 1) -> int:
        """A number that grows with the scale."""
        return max(at_least, round(per_thousand_marks * self.scale))

    @cached_property
    def n_enterprises(self) -> int:
        """Enterprises registered before the first night."""
        return self.count(ENTERPRISES_PER_THOUSAND_MARKS, 30)

    @cached_property
    def enterprises(self) -> pl.DataFrame:
        """Every enterprise of every night, in order of `enterprise_no`.

        Columns enterprise_no, first_night, uscc, name, name_en, former_name (used before the first night),
        is_former_listed (whether the register lists it), has_english_alias (whether name_en is a declared alias),
        renamed_night, renamed_to, closed_night, form, enterprise_type, registered_date, region_code, province,
        province_short, city, city_en, region_name, address, industry, industry_en, industry_code, nice_class,
        food_category, brand, brand_en, renamed_word (the firm's own word after a change of name).
        """
        first, n_new = self._first_cohort.head(self.n_enterprises), self._n_new
        later = [
            cohort(self.random("enterprises", night), night, self.n_enterprises + (night - 2) * n_new, n_new)
            for night in range(2, self.nights + 1)
        ]
        return self._with_changes(pl.concat([first, *later]), n_new)

    @cached_property
    def _n_new(self) -> int:
        return max(1, self.n_enterprises // 200)

    @cached_property
    def _first_cohort(self) -> pl.DataFrame:
        """The firms of the first night: registered ones, then those in no register."""
        outside = round(self.n_enterprises * NO_COUNTERPART_SHARE / (1 - NO_COUNTERPART_SHARE))
        return cohort(
            self.random("enterprises", 1),
            1,
            0,
            self.n_enterprises,
            outside,
            self.n_enterprises + MAX_NIGHTS * self._n_new,
        )

    def _with_changes(self, frame: pl.DataFrame, n_per_night: int) -> pl.DataFrame:
        """The enterprises with the nights on which some change their name and as many close."""
        order = self.random("enterprise changes").permutation(self.n_enterprises)
        numbers: list[int] = []
        renamed: list[int | None] = []
        closed: list[int | None] = []
        for night in range(2, self.nights + 1):
            for number in order[(night - 2) * 2 * n_per_night :][: 2 * n_per_night]:
                numbers.append(int(number))
                is_renamed = len(numbers) % 2 == 1
                renamed.append(night if is_renamed else None)
                closed.append(None if is_renamed else night)
        changes = pl.DataFrame(
            {"enterprise_no": numbers, "renamed_night": renamed, "closed_night": closed},
            schema={"enterprise_no": pl.Int64, "renamed_night": pl.Int64, "closed_night": pl.Int64},
        )
        return frame.join(changes, on="enterprise_no", how="left", maintain_order="left").with_columns(
            renamed_to=pl.when(pl.col("renamed_night").is_not_null()).then(pl.col("renamed_to"))
        )

    def enterprises_at(self, night: int) -> pl.DataFrame:
        """The enterprises that exist on a night, as the register lists them on that night.

        In addition to `enterprises`: name_then, word_then (the firm's own word in that name) and former_names.
        """
        renamed = (pl.col("renamed_night") <= night).fill_null(False)
        return self.enterprises.filter(pl.col("first_night") <= night).with_columns(
            name_then=pl.when(renamed).then("renamed_to").otherwise("name"),
            word_then=pl.when(renamed).then("renamed_word").otherwise("brand"),
            former_names=pl.concat_str(
                pl.when(renamed).then("name"),
                pl.when("is_former_listed").then("former_name"),
                separator="；",
                ignore_nulls=True,
            ).replace("", None),
        )

    def firms_at(self, night: int) -> pl.DataFrame:
        """`enterprises_at`, followed by the firms in no register; `is_registered` distinguishes them."""
        known = self.enterprises_at(night).with_columns(is_registered=pl.lit(True))
        outside = self._first_cohort.tail(-self.n_enterprises).with_columns(
            renamed_night=pl.lit(None, pl.Int64),
            renamed_to=pl.lit(None, pl.String),
            closed_night=pl.lit(None, pl.Int64),
            name_then="name",
            word_then="brand",
            former_names=pl.lit(None, pl.String),
            is_registered=pl.lit(False),
            is_former_listed=pl.lit(False),
            has_english_alias=pl.lit(False),
        )
        return pl.concat([known, outside.select(known.columns)])

    def named(self, generator: np.random.Generator, firms: pl.DataFrame, n: int) -> pl.DataFrame:
        """n mentions of the firms (`firms_at`), a fifth of them of firms in no register.

        In addition to the firm's columns: printed (the name as printed), corruption (the kind of misprint) and
        is_declared (whether the register or an alias links a former or English name to its firm; null for other names).
        """
        known, outside = firms.filter("is_registered"), firms.filter(~pl.col("is_registered"))
        at = generator.integers(0, max(1, len(known)), n)
        if len(outside):
            is_outside = generator.random(n) < (NO_COUNTERPART_SHARE if len(known) else 1)
            at = np.where(is_outside, len(known) + generator.integers(0, len(outside), n), at)
        rows = pl.concat([known, outside])[at]
        is_municipality = pl.col("province_short") == pl.col("city")
        printed = corrupted(
            generator,
            rows.select(
                "city",
                "former_name",
                "name_en",
                "form",
                "is_former_listed",
                "has_english_alias",
                name="name_then",
                word="word_then",
                trade="industry",
                province=pl.when(is_municipality).then(pl.lit("")).otherwise("province"),
                province_short=pl.when(is_municipality).then(pl.lit("")).otherwise("province_short"),
            ),
            CHARACTERS,
        )
        return rows.hstack(
            printed.select(
                "printed",
                "corruption",
                is_declared=pl.when(pl.col("corruption") == "former name")
                .then("is_former_listed")
                .when(pl.col("corruption") == "English name")
                .then("has_english_alias"),
            )
        )

    def defects(self, source_id: str, n_records: int, rules: Sequence[str], *delivery: int) -> pl.DataFrame:
        """Which records (`row`, from 0) of a delivery are written broken, and which `rule` of the contract each breaks.

        About two in a thousand and at least one, but always fewer than the source tolerates in quarantine.
        """
        generator = self.random("defects", source_id, *delivery)
        n_tolerated = int(n_records * self.sources[source_id].tolerances.quarantined_share_max * 0.8)
        n = min(max(1, round(n_records * BROKEN_SHARE)), n_tolerated)
        rows = np.sort(generator.permutation(n_records)[:n])
        first = int(generator.integers(0, len(rules)))
        return pl.DataFrame(
            {"row": rows, "rule": [rules[(first + i) % len(rules)] for i in range(n)]},
            schema={"row": pl.Int64, "rule": pl.String},
        )
