"""Gazette indexes of registrations as TIPO publishes them: one XML file per gazette, dates in the ROC calendar."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.simulation.deliveries import Deliveries, broken_records, slices, with_defects, write_text
from pipelines.simulation.nights import day_number, night_date
from pipelines.simulation.offices.tipo_gazette.marks import SOURCE, expiry, has_class, new_marks
from pipelines.simulation.world import World

RULES = ["type:registration_date", "required:application_number", "pattern:registration_number"]
MARKS_PER_THOUSAND = 600
MARKS_PER_GAZETTE = 10_000
CHUNK = 20_000


def deliver(world: World, out: Deliveries) -> None:
    """Write the past gazettes on the first night, then one gazette per night."""
    n_first = world.count(MARKS_PER_THOUSAND, 6)
    n_gazettes = int(np.clip(round(n_first / MARKS_PER_GAZETTE), min(2, n_first // 3), 240))
    issued, cases_of_year = 0, dict[int, int]()
    for night in range(1, world.nights + 1):
        days = _gazette_days(night_date(night), n_gazettes if night == 1 else 1)
        sizes = [len(marks) for marks in np.array_split(np.arange(n_first), n_gazettes)]
        if night > 1:
            sizes = [max(2, round(0.3 * n_first / n_gazettes))]
        n = sum(sizes)
        marks = new_marks(world, night, n, np.repeat([day_number(day) for day in days], sizes), issued)
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


def _with_case_numbers(marks: pl.DataFrame, cases_of_year: dict[int, int]) -> pl.DataFrame:
    """Nine-digit case numbers: the year of filing in the ROC calendar, then a number within the year."""
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


def _write(out: Deliveries, night: int, day: date, marks: pl.DataFrame) -> None:
    path = out.path(night, SOURCE, f"gazette_{day:%Y-%m-%d}_index.xml")
    head = pl.Series(['<?xml version="1.0" encoding="utf-8"?>', f'<RegContentList total-count="{len(marks)}">'])
    write_text(head, path, "wb")
    numbered = marks.with_columns(no=pl.int_range(1, pl.len() + 1))
    for rows in slices(numbered, CHUNK):
        write_text(rows.select(xml=_xml(pl.col("no")))["xml"], path)
    write_text(pl.Series(["</RegContentList>"]), path)
    out.written(night, path, len(marks), broken_records(marks))


def _xml(no: pl.Expr) -> pl.Expr:
    """The entry of a mark, numbered within its gazette."""
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
        _element("EDate", _roc(expiry())),
        pl.when("membership")
        .then(pl.lit("    <Mark_Type>3</Mark_Type>\n"))
        .otherwise(pl.lit("    <Mark_Type>0</Mark_Type>\n")),
        pl.lit("    <ServiceMark>false</ServiceMark>\n"),
        pl.when(pl.col("n_agents") > 0).then(_agent(0)),
        pl.when(pl.col("n_agents") > 1).then(_agent(7)),
        _class(pl.when("membership").then(pl.lit("\u3000")).otherwise("nice_class")),
        pl.when(has_class(2)).then(_class(pl.col("class_2"))),
        pl.when(has_class(3)).then(_class(pl.col("class_3"))),
        owner,
        pl.when("second_owner").then(second),
        pl.lit("  </RegContent>"),
        ignore_nulls=True,
    )


def _element(name: str, value: pl.Expr | str) -> pl.Expr:
    return pl.concat_str(pl.lit(f"    <{name}>"), value, pl.lit(f"</{name}>\n"))


def _escaped(value: pl.Expr) -> pl.Expr:
    return value.str.replace_all("&", "&amp;", literal=True)


def _roc(day: pl.Expr) -> pl.Expr:
    """A date in the ROC calendar, such as 111.03.16."""
    return pl.concat_str((day.dt.year() - 1911).cast(pl.String).str.zfill(3), day.dt.to_string(".%m.%d"))


def _agent(offset: int) -> pl.Expr:
    """An agent, whose name differs by the offset."""
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
        expiry_date=expiry(),
        owner_uscc="owner_uscc",
        owner_name="owner_name",
        n_owner_entries=1 + pl.col("second_owner").cast(pl.Int64),
        n_classes=pl.when("membership")
        .then(0)
        .otherwise(1 + has_class(2).cast(pl.Int64) + has_class(3).cast(pl.Int64))
        .cast(pl.Int64),
        n_events=pl.lit(0, pl.Int64),
        last_night=pl.lit(night, pl.Int64),
    )
