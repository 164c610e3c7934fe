"""Case files as the USPTO publishes them: the annual file on the first night, then a daily file per night.

A case file passes through filing, examination, publication, registration and maintenance; each night some files change,
and some dead ones are revived. As at the office, a daily file repeats the complete record of each changed case file.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulation.deliveries import Deliveries, broken_records, slices, with_defects, write_text
from pipelines.simulation.draws import as_columns
from pipelines.simulation.nights import day_number, night_date
from pipelines.simulation.offices.uspto_trademark.case_file import case_file
from pipelines.simulation.offices.uspto_trademark.classes import CLASSES
from pipelines.simulation.offices.uspto_trademark.elements import document_type
from pipelines.simulation.offices.uspto_trademark.lives import changed_cases, lives
from pipelines.simulation.offices.uspto_trademark.owners import n_owner_entries
from pipelines.simulation.words import in_latin_stems
from pipelines.simulation.world import World

SOURCE = "uspto_trademark"
RULES = ["required:status_code", "type:transaction_date", "pattern:serial_number"]
CASES_PER_THOUSAND_MARKS = 400
CASES_PER_ANNUAL_FILE = 50_000
CHUNK = 5_000
FIRST_SERIAL = 76_000_000
FIRST_REGISTRATION = 2_400_000
FIRST_FILING = date(2000, 1, 3)
_ATTORNEYS = [("Mock A. Sample", "SAMPLE &amp; MOCK LLP"), ("Test B. Example", "EXAMPLE LAW P.C.")]


def deliver(world: World, out: Deliveries) -> None:
    """Write the annual file on the first night, in several if it is large, then a daily file per night."""
    n_first = world.count(CASES_PER_THOUSAND_MARKS, 6)
    n_files = -(-n_first // CASES_PER_ANNUAL_FILE)
    n_new = max(2, round(0.04 * n_first / n_files))
    cases = _new_cases(world, 1, n_first, 0)
    _write_annual(world, out, cases, n_files)
    for night in range(2, world.nights + 1):
        changed = changed_cases(world.random(SOURCE, "changes", night), night, cases, n_new)
        new = _new_cases(world, night, n_new, n_first + (night - 2) * n_new)
        unchanged = cases.join(changed.select("case_no"), on="case_no", how="anti", maintain_order="left")
        path = out.path(night, SOURCE, f"apc{night_date(night):%y%m%d}.xml")
        _write(out, night, path.name, pl.concat([changed, new]))
        cases = pl.concat([unchanged, changed, new])
    out.truth("trademarks", _truth(cases))


def _write_annual(world: World, out: Deliveries, cases: pl.DataFrame, n_files: int) -> None:
    start = 0
    for file_no, rows in enumerate(np.array_split(np.arange(len(cases)), n_files), 1):
        name = f"apc{FIRST_FILING:%Y%m%d}-{night_date(1):%Y%m%d}-{file_no:02d}.xml"
        _write(out, 1, name, cases.slice(start, len(rows)))
        start += len(rows)


def _new_cases(world: World, night: int, n: int, first_no: int) -> pl.DataFrame:
    """Case files first published on a night, in order of filing, including broken ones."""
    generator = world.random(SOURCE, night)
    today = day_number(night_date(night))
    start = day_number(FIRST_FILING) if night == 1 else today - 14
    filed = start + (np.arange(n) * (today - 6 - start)) // n
    milestones = lives(generator, filed, n, today - 2)
    number = pl.Series(np.arange(first_no, first_no + n))
    identity = pl.DataFrame(
        {
            "case_no": number,
            "serial_number": (number + FIRST_SERIAL).cast(pl.String),
            "granted_number": (number + FIRST_REGISTRATION).cast(pl.String).str.zfill(7),
            "filed": filed,
            "is_filing_partial": (generator.random(n) < 0.01) & (filed < day_number(date(2012, 1, 1))),
            "last_night": np.full(n, night, dtype=np.int64),
            "version": np.ones(n, dtype=np.int64),
            "later_events": pl.Series([""] * n),
        }
    )
    frame = pl.concat([identity, milestones, _contents(world, generator, night, n)], how="horizontal")
    last = pl.col("status_day")
    lag = pl.Series(generator.integers(1, 60, n))
    frame = frame.with_columns(
        transaction_day=pl.min_horizontal(last + lag, pl.lit(today - 1)) if night == 1 else pl.lit(today, pl.Int64)
    )
    return with_defects(frame, world.defects(SOURCE, n, RULES, night))


def _contents(world: World, generator: np.random.Generator, night: int, n: int) -> pl.DataFrame:
    """Mark, owner and classes; six in ten belong to an enterprise of the world, the others to invented US firms."""
    enterprises = world.enterprises_at(night).select(
        "uscc", "name_then", "name_en", "brand_en", "city_en", "nice_class", "industry_en"
    )
    owned = enterprises[generator.integers(0, len(enterprises), n)]
    stems = in_latin_stems(pl.Series(generator.integers(0, 100_000, n)), 5)
    drawn = as_columns(CLASSES, generator.integers(0, len(CLASSES), n), ["other_class"])
    third = as_columns(CLASSES, generator.integers(0, len(CLASSES), n), ["other_class"])
    frame = owned.with_columns(
        stems=stems,
        is_enterprise=pl.Series(generator.random(n) < 0.6),
        variant=pl.Series(generator.integers(0, 100, n)),
        class_2=drawn["other_class"],
        class_3=third["other_class"],
        n_classes=pl.Series(1 + (generator.random(n) < 0.18) + (generator.random(n) < 0.05).astype(np.int64)),
        is_class_joint=pl.Series(generator.random(n) < 0.05),
        first_use=pl.Series(generator.integers(30, 2000, n)),
        first_use_style=pl.Series(generator.integers(0, 100, n)),
        is_assigned=pl.Series(generator.random(n) < 0.04),
        has_second_owner=pl.Series(generator.random(n) < 0.03),
        is_madrid=pl.Series(generator.random(n) < 0.04),
        is_extension=pl.Series(generator.random(n) < 0.03),
        claims_colour=pl.Series(generator.random(n) < 0.15),
        **as_columns(_ATTORNEYS, generator.integers(0, len(_ATTORNEYS), n), ["attorney", "law_firm"]),
    )
    word = pl.when("is_enterprise").then("brand_en").otherwise(pl.lit("SAMPLE ") + pl.col("stems"))
    variant = pl.col("variant")
    distinct_2 = pl.col("class_2") != pl.col("nice_class")
    distinct_3 = (pl.col("class_3") != pl.col("nice_class")) & (pl.col("class_3") != pl.col("class_2"))
    return frame.with_columns(
        owner_uscc=pl.when("is_enterprise").then("uscc"),
        owner_name=pl.when("is_enterprise").then("name_then").otherwise(pl.lit("MOCK SAMPLE ") + stems + " LLC"),
        party_name=pl.when("is_enterprise").then("name_en").otherwise(pl.lit("MOCK SAMPLE ") + stems + " LLC"),
        mark_text=pl.when(variant < 55)
        .then(word)
        .when(variant < 75)
        .then(pl.concat_str(word, pl.lit(" "), "industry_en"))
        .when(variant < 85)
        .then(pl.concat_str(word, pl.lit(" & CO")))
        .when(variant < 95)
        .then(pl.lit("THE ") + word)
        .otherwise(pl.lit("GENUINE ") + word + "'S CHOICE"),
        class_2=pl.when((pl.col("n_classes") >= 2) & distinct_2).then("class_2"),
        class_3=pl.when((pl.col("n_classes") >= 3) & distinct_3).then("class_3"),
    ).drop("uscc", "name_then", "name_en", "brand_en", "n_classes", "variant")


def _write(out: Deliveries, night: int, name: str, cases: pl.DataFrame) -> None:
    path = out.path(night, SOURCE, name)
    head = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f"{document_type()}\n<trademark-applications-daily><version><version-no>2.0</version-no>"
        "<version-date>20041108</version-date></version>"
        f"<creation-datetime>{night_date(night):%Y%m%d}2208</creation-datetime><application-information>"
        "<file-segments><file-segment>TRMK</file-segment><action-keys><action-key>TX</action-key>"
    )
    write_text(pl.Series([head]), path, "wb")
    for rows in slices(cases, CHUNK):
        write_text(rows.select(xml=case_file())["xml"], path)
    tail = "</action-keys></file-segments></application-information></trademark-applications-daily>"
    write_text(pl.Series([tail]), path)
    out.written(night, path, len(cases), broken_records(cases))


def _truth(cases: pl.DataFrame) -> pl.DataFrame:
    def day(column: str) -> pl.Expr:
        return pl.col(column).cast(pl.Int32).cast(pl.Date)

    partial = pl.col("is_filing_partial")
    return (
        cases.filter(pl.col("defect").is_null())
        .sort("case_no")
        .select(
            office_code=pl.lit("US"),
            application_no="serial_number",
            registration_no=pl.when(pl.col("registered_day").is_not_null()).then("granted_number"),
            mark_text="mark_text",
            status_code="status",
            filing_date=pl.when(~partial).then(day("filed")),
            filing_date_text=pl.when(partial)
            .then(day("filed").dt.to_string("%Y-%m"))
            .otherwise(day("filed").dt.to_string("%Y-%m-%d")),
            registration_date=day("registered_day"),
            expiry_date=pl.lit(None, pl.Date),
            owner_uscc="owner_uscc",
            owner_name="owner_name",
            n_owner_entries=n_owner_entries(),
            n_classes=1
            + pl.col("class_2").is_not_null().cast(pl.Int64)
            + pl.col("class_3").is_not_null().cast(pl.Int64),
            n_events=pl.col("n_milestones") + pl.col("version") - 1,
            last_night=pl.col("last_night").cast(pl.Int64),
        )
    )
