"""The invented enterprises and their unified social credit codes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl

from pipelines.contract.credit_codes import uscc_check_digits
from pipelines.simulation.divisions import counties_by_city
from pipelines.simulation.draws import Integers, as_columns, choose
from pipelines.simulation.misprints import ALIAS_SHARE
from pipelines.simulation.nights import dates, day_number, night_date
from pipelines.simulation.words import (
    BRANCHES,
    BRANCHES_OUTSIDE,
    CITIES,
    FORMER_WORD,
    FORMS,
    INDUSTRIES,
    INVENTED,
    RENAMED_WORD,
    in_latin_stems,
    in_stems,
)

# Among every second firm, the share whose name differs from another firm's name by one character only.
NEIGHBOUR_SHARE = 0.2

_ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])


def unified_codes(prefix: pl.Series, region_code: pl.Series, numbers: Integers) -> pl.Series:
    """Valid unified social credit codes (GB 32100): authority and kind, region, organisation code, check digit.

    The organisation code (GB 11714) is eight digits made from `numbers`, with its own check digit.
    """
    body = pl.Series((numbers * 48_271 + 20_240_510) % 99_999_989).cast(pl.String).str.zfill(8)
    digits = np.stack([body.str.slice(i, 1).cast(pl.Int64).to_numpy() for i in range(8)], axis=1)
    organisation_check = np.array(list("0123456789X0"))[11 - digits @ _ORGANISATION_WEIGHTS % 11]
    without_check = prefix + region_code + body + pl.Series(organisation_check)
    return without_check + uscc_check_digits(without_check)


def with_wrong_check_digit(uscc: pl.Expr) -> pl.Expr:
    """The codes with a wrong check digit."""
    last = uscc.str.slice(17, 1)
    return uscc.str.slice(0, 17) + pl.when(last == "0").then(pl.lit("1")).otherwise(pl.lit("0"))


def cohort(
    generator: np.random.Generator,
    night: int,
    first_no: int,
    n_registered: int,
    n_outside: int = 0,
    first_outside: int = 0,
) -> pl.DataFrame:
    """The firms first registered on a night, then firms in no register; each group is numbered from its first number.

    Columns as of `World.enterprises`, without the changes of later nights.
    """
    n = n_registered + n_outside
    number = np.concatenate(
        [np.arange(first_no, first_no + n_registered), np.arange(first_outside, first_outside + n_outside)]
    )
    city = choose(generator, CITIES, n)
    industry = choose(generator, INDUSTRIES, n)
    if night == 1:
        # Even the smallest world has every food industry and a shop.
        industry[: min(n, len(INDUSTRIES))] = np.arange(min(n, len(INDUSTRIES)))
    form = choose(generator, FORMS, n)
    prefix_kind = generator.integers(0, 100, n)
    word = number % len(INVENTED)
    stems = in_stems(pl.Series(number))
    core = pl.Series([w for w, _ in INVENTED]).gather(pl.Series(word)) + stems
    for neighbours, originals, branches in _neighbours(generator, n_registered, n):
        for drawn in (city, industry, form, prefix_kind, word):
            drawn[neighbours] = drawn[originals]
        ends = pl.Series(branches).gather(pl.Series(number[neighbours] % len(branches)))
        core = core.scatter(neighbours, core.gather(originals).str.head(-1) + ends)
    region, county, office = _county_of(generator, city, counties_by_city())
    brand_en = (
        pl.Series([w for _, w in INVENTED]).gather(pl.Series(word))
        + pl.Series([" "])
        + in_latin_stems(pl.Series(number))
    )
    today = day_number(night_date(night))
    if night == 1:
        registered = generator.integers(day_number(date(1985, 1, 1)), today - 400, n)
    else:
        registered = generator.integers(today - 13, today - 1, n)
    frame = pl.DataFrame(
        {
            "enterprise_no": number,
            **as_columns(CITIES, city, ["province", "province_short", "city", "city_en"]),
            **as_columns(
                INDUSTRIES, industry, ["industry", "industry_en", "industry_code", "nice_class", "food_category"]
            ),
            **as_columns(FORMS, form, ["form", "form_en", "enterprise_type", "kind"]),
            "region_code": region,
            "county": county,
            "core": core,
            "stems": stems,
            "brand_en": brand_en,
            "prefix_kind": prefix_kind,
            "registered_date": dates(registered),
            "house": generator.integers(1, 999, n),
            "is_former_listed": generator.random(n) < ALIAS_SHARE,
            # New firms have no declared alias yet.
            "has_english_alias": generator.random(n) < (ALIAS_SHARE if night == 1 else 0.0),
        }
    )
    frame = frame.with_columns(uscc=unified_codes(frame["kind"], office, number))
    return _described(frame, night)


def _described(frame: pl.DataFrame, night: int) -> pl.DataFrame:
    """The drawn firms with names and addresses made of their words."""
    kind = pl.col("prefix_kind")
    is_municipality = pl.col("province_short") == pl.col("city")
    front = (
        pl.when(kind < 55)
        .then("city")
        .when(kind < 75)
        .then(pl.col("city") + "市")
        .when(kind < 84)
        .then("province_short")
        .when(kind < 92)
        .then("province")
        .otherwise(pl.lit(""))
    )
    middle = pl.when(kind >= 92).then(pl.lit("（") + pl.col("city") + "）").otherwise(pl.lit(""))

    def legal_name(core_name: pl.Expr) -> pl.Expr:
        return pl.concat_str(front, core_name, middle, "industry", "form")

    return frame.select(
        pl.col("enterprise_no").cast(pl.Int64),
        first_night=pl.lit(night, pl.Int64),
        uscc="uscc",
        name=legal_name(pl.col("core")),
        name_en=pl.concat_str("city_en", pl.lit(" "), "brand_en", pl.lit(" "), "industry_en", pl.lit(" "), "form_en"),
        former_name=legal_name(pl.lit(FORMER_WORD) + pl.col("stems")),
        is_former_listed="is_former_listed",
        has_english_alias="has_english_alias",
        renamed_word=pl.lit(RENAMED_WORD) + pl.col("stems"),
        renamed_to=legal_name(pl.lit(RENAMED_WORD) + pl.col("stems")),
        form="form",
        enterprise_type="enterprise_type",
        registered_date="registered_date",
        region_code="region_code",
        province="province",
        province_short="province_short",
        city="city",
        city_en="city_en",
        region_name=pl.when(is_municipality).then("city").otherwise(pl.col("province_short") + pl.col("city")),
        address=pl.concat_str(
            pl.when(is_municipality).then(pl.lit("")).otherwise("province"),
            pl.col("city") + "市",
            "county",
            pl.lit("试金路"),
            "house",
            pl.lit("号"),
        ),
        industry="industry",
        industry_en="industry_en",
        industry_code="industry_code",
        nice_class="nice_class",
        food_category="food_category",
        brand="core",
        brand_en="brand_en",
    )


def _neighbours(
    generator: np.random.Generator, n_registered: int, n: int
) -> list[tuple[Integers, Integers, list[str]]]:
    """Rows of firms that differ from another by one character of their word, rows of the others, and the characters.

    First registered firms in odd rows, next to the row before; then firms in no register, next to a registered one.
    """
    row = np.arange(n)
    has_neighbour = generator.random(n) < NEIGHBOUR_SHARE
    known = row[has_neighbour & (row % 2 == 1) & (row > len(INDUSTRIES)) & (row < n_registered)]
    outside = row[has_neighbour & (row >= n_registered)]
    return [(known, known - 1, BRANCHES), (outside, outside - n_registered, BRANCHES_OUTSIDE)]


def _county_of(
    generator: np.random.Generator, city: Integers, counties: Mapping[str, list[tuple[str, str]]]
) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Code and name of each enterprise's county, and the code of the county that first registered it.

    The two differ for three in a hundred, which have moved within their city: a credit code keeps its first county.
    """
    codes: list[str] = []
    names: list[str] = []
    starts: list[int] = []
    sizes: list[int] = []
    for *_, prefix, _weight in CITIES:
        group = counties[str(prefix)]
        starts.append(len(codes))
        sizes.append(len(group))
        codes.extend(code for code, _ in group)
        names.extend(name for _, name in group)
    start, size = np.array(starts)[city], np.array(sizes)[city]
    chosen = (generator.random(len(city)) * size).astype(np.int64)
    moved = (generator.random(len(city)) < 0.03).astype(np.int64)
    first = (chosen + moved) % size
    every_code = pl.Series(codes)
    return (
        every_code.gather(pl.Series(start + chosen)),
        pl.Series(names).gather(pl.Series(start + chosen)),
        every_code.gather(pl.Series(start + first)),
    )
