"""Gazette indexes of registrations as TIPO publishes them: an XML file per gazette, dates in the Republic's years."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import opencc
import polars as pl

from pipelines.simulation.deliveries import Deliveries, broken_records, slices, with_defects, write_text
from pipelines.simulation.draws import Codes, as_columns, choose
from pipelines.simulation.nights import day_number, night_date
from pipelines.simulation.words import in_latin_stems, in_stems
from pipelines.simulation.world import World

SOURCE = "tipo_gazette"
RULES = ["type:registration_date", "required:application_number", "pattern:registration_number"]
MARKS_PER_THOUSAND = 600
MARKS_PER_GAZETTE = 10_000
FIRST_REGISTRATION = 2_300_000
CHUNK = 20_000

# Nationality as printed before the name, weight.
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


def deliver(world: World, out: Deliveries) -> None:
    """Write the past gazettes on the first night, then one a night."""
    n_first = world.count(MARKS_PER_THOUSAND, 6)
    n_gazettes = int(np.clip(round(n_first / MARKS_PER_GAZETTE), min(2, n_first // 3), 240))
    issued, cases_of_year = 0, dict[int, int]()
    for night in range(1, world.nights + 1):
        days = _gazette_days(night_date(night), n_gazettes if night == 1 else 1)
        sizes = [len(part) for part in np.array_split(np.arange(n_first), n_gazettes)]
        if night > 1:
            sizes = [max(2, round(0.3 * n_first / n_gazettes))]
        n = sum(sizes)
        marks = _marks(world, night, n, np.repeat([day_number(day) for day in days], sizes), issued)
        marks = _with_case_numbers(marks, cases_of_year)
        start = 0
        for day, size in zip(days, sizes, strict=True):
            gazette = with_defects(marks.slice(start, size), world.defects(SOURCE, size, RULES, night, start))
            _write(out, night, day, gazette)
            out.truth("trademarks", _truth(gazette, night))
            start += size
        issued += n


def _gazette_days(last: date, n: int) -> list[date]:
    """The days of the last n gazettes, the 1st and 16th of each month, oldest first."""
    days = [last]
    while len(days) < n:
        previous = days[-1]
        days.append(previous.replace(day=1) if previous.day == 16 else (previous - timedelta(days=1)).replace(day=16))
    return days[::-1]


def _marks(world: World, night: int, n: int, registered: Codes, issued: int) -> pl.DataFrame:
    """Marks of a night's gazettes in order, owned by mainland enterprises, local firms, persons and foreign firms."""
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
            "filed": pl.Series(filed).cast(pl.Int32).cast(pl.Date),
            "registered": pl.Series(registered).cast(pl.Int32).cast(pl.Date),
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


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")


def _traditional(values: pl.Series) -> pl.Series:
    converted = _converter().convert("\n".join(values.to_list()))
    return pl.Series(values.name, converted.split("\n"))


def _owner_columns() -> list[pl.Expr]:
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


def _with_case_numbers(marks: pl.DataFrame, cases_of_year: dict[int, int]) -> pl.DataFrame:
    """Nine-digit case numbers: the Republic's year of filing, then a number within the year."""
    year = pl.col("filed").dt.year() - 1911
    marks = marks.with_columns(filed_year=year)
    before = pl.DataFrame(
        {"filed_year": list(cases_of_year), "before": list(cases_of_year.values())},
        schema={"filed_year": pl.Int32, "before": pl.Int64},
    )
    marks = marks.join(before, on="filed_year", how="left", maintain_order="left").with_columns(
        within=pl.col("before").fill_null(0) + pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("filed_year")
    )
    cases_of_year.update(marks.group_by("filed_year").agg(pl.col("within").max()).iter_rows())
    return marks.with_columns(
        application_no=pl.col("filed_year").cast(pl.String).str.zfill(3) + pl.col("within").cast(pl.String).str.zfill(6)
    ).drop("before", "within", "filed_year")


def _roc(day: pl.Expr) -> pl.Expr:
    """A date of the Republic-of-China calendar, such as 111.03.16."""
    return pl.concat_str((day.dt.year() - 1911).cast(pl.String).str.zfill(3), day.dt.to_string(".%m.%d"))


def _expiry() -> pl.Expr:
    return pl.col("registered").dt.offset_by("10y").dt.offset_by("-1d")


def _element(name: str, value: pl.Expr | str) -> pl.Expr:
    return pl.concat_str(pl.lit(f"    <{name}>"), value, pl.lit(f"</{name}>\n"))


def _escaped(value: pl.Expr) -> pl.Expr:
    return value.str.replace_all("&", "&amp;", literal=True)


def _agent(offset: int) -> pl.Expr:
    return pl.concat_str(
        pl.lit("    <RegContentAgent>\n      <BChinese>測代理"),
        pl.col("agent").add(offset).cast(pl.String).str.replace_many(list("0123456789"), list("甲乙丙丁戊己庚辛壬癸")),
        pl.lit("</BChinese>\n    </RegContentAgent>\n"),
    )


def _class(value: pl.Expr) -> pl.Expr:
    return pl.concat_str(
        pl.lit("    <RegContentClassification>\n      <Class>"),
        value,
        pl.lit("</Class>\n    </RegContentClassification>\n"),
    )


def _xml(no: pl.Expr) -> pl.Expr:
    defect = pl.col("defect").fill_null("")
    case_no = pl.when(defect != "required:application_number").then("application_no")
    register_no = (
        pl.when(defect == "pattern:registration_number")
        .then(pl.col("registration_no").str.slice(2))
        .otherwise("registration_no")
    )
    registered = (
        pl.when(defect == "type:registration_date").then(pl.lit("113.13.41")).otherwise(_roc(pl.col("registered")))
    )
    owner = pl.concat_str(
        pl.lit("    <RegContentOwner>\n      <AChinese>"),
        "printed_owner",
        pl.lit("</AChinese>\n      <AEnglish>"),
        "owner_name_en",
        pl.lit("</AEnglish>\n    </RegContentOwner>\n"),
    )
    second = pl.concat_str(
        pl.lit("    <RegContentOwner>\n      <AChinese>測二"),
        "stems",
        pl.lit("</AChinese>\n      <AEnglish></AEnglish>\n    </RegContentOwner>\n"),
    )
    return pl.concat_str(
        pl.lit('  <RegContent no="'),
        no.cast(pl.String),
        pl.lit('">\n'),
        _element("CaseNo", case_no),
        _element("RegisterNo", register_no),
        _element("Trademark_Name", _escaped(pl.col("mark_text"))),
        pl.when("coloured")
        .then(pl.lit("    <Trademark_Design>(彩色)(平面)</Trademark_Design>\n"))
        .otherwise(pl.lit("    <Trademark_Design>(墨色)(平面)</Trademark_Design>\n")),
        _element("Filing_Date", _roc(pl.col("filed"))),
        _element("SDate", registered),
        _element("EDate", _roc(_expiry())),
        pl.when("membership")
        .then(pl.lit("    <Mark_Type>3</Mark_Type>\n"))
        .otherwise(pl.lit("    <Mark_Type>0</Mark_Type>\n")),
        pl.lit("    <ServiceMark>false</ServiceMark>\n"),
        pl.when(pl.col("n_agents") > 0).then(_agent(0)),
        pl.when(pl.col("n_agents") > 1).then(_agent(7)),
        _class(pl.when("membership").then(pl.lit("\u3000")).otherwise("nice_class")),
        pl.when(_has_class(2)).then(_class(pl.col("class_2"))),
        pl.when(_has_class(3)).then(_class(pl.col("class_3"))),
        owner,
        pl.when("second_owner").then(second),
        pl.lit("  </RegContent>"),
        ignore_nulls=True,
    )


def _has_class(position: int) -> pl.Expr:
    """Whether a mark has a class in that position; no class is printed twice, and membership marks have none."""
    distinct = pl.col("class_2") != pl.col("nice_class")
    if position == 3:
        distinct = (pl.col("class_3") != pl.col("nice_class")) & (pl.col("class_3") != pl.col("class_2"))
    return (pl.col("n_classes") >= position) & distinct & ~pl.col("membership")


def _write(out: Deliveries, night: int, day: date, marks: pl.DataFrame) -> None:
    path = out.path(night, SOURCE, f"gazette_{day:%Y-%m-%d}_index.xml")
    head = pl.Series(['<?xml version="1.0" encoding="utf-8"?>', f'<RegContentList total-count="{len(marks)}">'])
    write_text(head, path, "wb")
    numbered = marks.with_columns(no=pl.int_range(1, pl.len() + 1))
    for part in slices(numbered, CHUNK):
        write_text(part.select(xml=_xml(pl.col("no")))["xml"], path)
    write_text(pl.Series(["</RegContentList>"]), path)
    out.written(night, path, len(marks), broken_records(marks))


def _truth(marks: pl.DataFrame, night: int) -> pl.DataFrame:
    return marks.filter(pl.col("defect").is_null()).select(
        office_code=pl.lit("TW"),
        application_no="application_no",
        registration_no="registration_no",
        mark_text="mark_text",
        status_code=pl.lit(None, pl.String),
        filing_date="filed",
        filing_date_text=pl.col("filed").dt.to_string("%Y-%m-%d"),
        registration_date="registered",
        expiry_date=_expiry(),
        owner_uscc="owner_uscc",
        owner_name="owner_name",
        n_owner_entries=1 + pl.col("second_owner").cast(pl.Int64),
        n_classes=pl.when("membership")
        .then(0)
        .otherwise(1 + _has_class(2).cast(pl.Int64) + _has_class(3).cast(pl.Int64))
        .cast(pl.Int64),
        n_events=pl.lit(0, pl.Int64),
        last_night=pl.lit(night, pl.Int64),
    )
