"""Extracts of the Chinese register: complete on the first night and every fourth one after it, else what changed.

The marks belong to the world's enterprises, under their names of that night. Each night changes the status of some
marks, updates those of renamed owners and adds applications; a complete extract silently lacks a few earlier marks.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulation.deliveries import Deliveries, broken_records, with_defects, write_csv
from pipelines.simulation.nights import NO_DAY, dates, day_number, night_date
from pipelines.simulation.world import World

SOURCE = "cnipa_trademark"
RULES = ["required:registration_no", "type:filing_date", "pattern:nice_class"]
# With 1.35 classes per mark, about 200 rows.
MARKS_PER_THOUSAND = 150
COMPLETE_EVERY = 4
FIRST_NUMBER = 3_600_000
FIRST_BROKEN_NUMBER = 90_000_000
FIRST_FILING = date(2006, 1, 4)
ENCODINGS = ["gb18030", "utf-8-sig", "utf-8"]

_CLASSES = [1, 3, 5, 7, 9, 16, 25, 29, 30, 32, 33, 35, 43]
# Status before a change, and after it.
_CHANGES = {"申请中": "初审公告", "初审公告": "已注册", "已注册": "撤销", "续展中": "已注册"}
# Header texts, and those that another bureau uses.
_OTHER_HEADERS = {
    "注册号": "申请/注册号",
    "国际分类": "类别",
    "申请人名称(中)": "申请人名称（中文）",
    "申请人名称(英)": "申请人名称（英文）",
    "初审公告日期": "初审公告日",
    "注册公告日期": "注册公告日",
    "法律状态": "商标状态",
    "是否驰名": "是否驰名商标",
}


def deliver(world: World, out: Deliveries) -> None:
    """Write one extract per night."""
    n_first = world.count(MARKS_PER_THOUSAND, 6)
    n_changed = max(2, round(0.03 * n_first))
    marks = _new_marks(world, 1, n_first, 0)
    _write(world, out, 1, marks, is_complete=True)
    for night in range(2, world.nights + 1):
        changed = _changed_marks(world, night, marks, n_changed)
        new = _new_marks(world, night, n_changed, n_first + (night - 2) * n_changed)
        unchanged = marks.join(changed.select("mark_no"), on="mark_no", how="anti", maintain_order="left")
        is_complete = night % COMPLETE_EVERY == 1
        if is_complete:
            unchanged = unchanged.slice(max(1, len(unchanged) // 200))
        marks = pl.concat([unchanged, changed, new])
        _write(world, out, night, marks if is_complete else pl.concat([changed, new]), is_complete)
    out.truth("trademarks", _truth(world, marks))


def _new_marks(world: World, night: int, n: int, first_no: int) -> pl.DataFrame:
    """Marks first extracted on a night, in order of filing, each with its history up to then."""
    generator = world.random(SOURCE, night)
    enterprises = world.enterprises_at(night)
    today = day_number(night_date(night))
    start = day_number(FIRST_FILING) if night == 1 else today - 14
    filed = start + (np.arange(n) * (today - 6 - start)) // n
    preliminary = filed + generator.integers(180, 275, n)
    registered = preliminary + generator.integers(91, 94, n)
    is_refused, is_renewed, fate = generator.random(n) < 0.12, generator.random(n) < 0.7, generator.random(n)
    is_published = (preliminary < today) & ~is_refused
    is_registered = (registered < today) & is_published
    has_expired = is_registered & (registered + 3653 + 180 < today)
    status = np.select(
        [
            is_refused & (preliminary < today),
            ~is_published,
            ~is_registered,
            has_expired & ~is_renewed,
            fate < 0.03,
            fate < 0.05,
            fate < 0.07,
        ],
        ["驳回", "申请中", "初审公告", "期满未续展", "已注销", "无效", "续展中"],
        "已注册",
    )
    owner = enterprises["enterprise_no"].gather(pl.Series(generator.integers(0, len(enterprises), n)))
    return pl.DataFrame(
        {
            "mark_no": np.arange(first_no, first_no + n),
            "enterprise_no": owner,
            "filing_date": dates(filed),
            "preliminary_date": dates(np.where(is_published, preliminary, NO_DAY)),
            "registration_date": dates(np.where(is_registered, registered, NO_DAY)),
            "is_renewed": has_expired & is_renewed,
            "status": status,
            "is_well_known": is_registered & (status == "已注册") & (generator.random(n) < 0.05),
            "with_device": generator.random(n) < 0.2,
            "is_international": generator.random(n) < 0.02,
            "other_class": pl.Series(_CLASSES).gather(pl.Series(generator.integers(0, len(_CLASSES), n))),
            "third_class": pl.Series(_CLASSES).gather(pl.Series(generator.integers(0, len(_CLASSES), n))),
            "n_classes": 1 + (generator.random(n) < 0.28).astype(np.int64) + (generator.random(n) < 0.08),
            "last_night": np.full(n, night, dtype=np.int64),
        }
    )


def _changed_marks(world: World, night: int, marks: pl.DataFrame, n: int) -> pl.DataFrame:
    """The marks that a night changes: some get the next status, those of renamed owners the new name."""
    order = world.random(SOURCE, "changes", night).permutation(len(marks))
    may_change = marks.select("mark_no", "status")[order].filter(pl.col("status").is_in(list(_CHANGES)))
    # Applications have a share of their own: registrations outnumber them so far that they would hardly ever be drawn.
    under_way = may_change.filter(pl.col("status") != "已注册").head(n - n // 3)
    in_force = may_change.filter(pl.col("status") == "已注册").head(n - len(under_way))
    moving = pl.concat([under_way, in_force])["mark_no"].implode()
    renamed = world.enterprises.filter(pl.col("renamed_night") == night)["enterprise_no"].implode()
    yesterday = pl.lit(night_date(night)).dt.offset_by("-1d")
    moves = pl.col("mark_no").is_in(moving)
    becomes = pl.when(moves).then(pl.col("status").replace(_CHANGES)).otherwise("status")
    return marks.filter(moves | pl.col("enterprise_no").is_in(renamed)).with_columns(
        status=becomes,
        preliminary_date=pl.when(moves & (becomes == "初审公告")).then(yesterday).otherwise("preliminary_date"),
        registration_date=pl.when(moves & (pl.col("status") == "初审公告"))
        .then(yesterday)
        .otherwise("registration_date"),
        last_night=pl.lit(night, pl.Int64),
    )


def _number() -> pl.Expr:
    number = (pl.col("mark_no") + FIRST_NUMBER).cast(pl.String)
    return pl.when("is_international").then(pl.lit("G") + number).otherwise(number)


def _term(end: str) -> pl.Expr:
    """The first or the last day (`start` or `end`) of the present term of ten years."""
    start = (
        pl.when("is_renewed")
        .then(pl.col("registration_date").dt.offset_by("10y"))
        .otherwise(pl.col("registration_date"))
    )
    return start if end == "start" else start.dt.offset_by("10y").dt.offset_by("-1d")


def _described(world: World, night: int, marks: pl.DataFrame) -> pl.DataFrame:
    """The marks with their number, text, owner as named on that night, term and distinct classes."""
    owners = world.enterprises_at(night).select(
        "enterprise_no",
        "uscc",
        "name_then",
        "name_en",
        "address",
        "brand",
        own_class=pl.col("nice_class").cast(pl.Int64),
    )
    second = pl.when((pl.col("n_classes") > 1) & (pl.col("other_class") != pl.col("own_class"))).then("other_class")
    third = pl.when(
        (pl.col("n_classes") > 2)
        & (pl.col("third_class") != pl.col("own_class"))
        & (pl.col("third_class") != pl.col("other_class"))
    ).then("third_class")
    return marks.join(owners, on="enterprise_no", how="left", maintain_order="left").with_columns(
        registration_no=_number(),
        mark_text=pl.when("with_device").then(pl.col("brand") + "及图").otherwise("brand"),
        term_start=_term("start"),
        term_end=_term("end"),
        classes=pl.concat_list(pl.col("own_class"), second, third).list.drop_nulls(),
    )


def _with_broken(world: World, night: int, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, and after them broken ones, whose marks occur nowhere else."""
    defects = world.defects(SOURCE, len(rows), RULES, night)
    sound = rows.with_columns(defect=pl.lit(None, pl.String))
    broken = with_defects(rows.head(len(defects)), defects.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64)))
    number = pl.int_range(pl.len(), dtype=pl.Int64) + FIRST_BROKEN_NUMBER + night * 100_000
    return pl.concat([sound, broken.with_columns(registration_no=number.cast(pl.String))])


def _write(world: World, out: Deliveries, night: int, marks: pl.DataFrame, is_complete: bool) -> None:
    rows = _described(world, night, marks.sort("mark_no")).explode("classes").with_columns(nice_class="classes")
    rows = _with_broken(world, night, rows)
    kind = "全量" if is_complete else "增量"
    encoding = ENCODINGS[(night - 1) % len(ENCODINGS)]
    path = out.path(night, SOURCE, f"商标注册簿_{kind}_{night_date(night):%Y%m%d}.csv")
    defect = pl.col("defect").fill_null("")
    is_other_bureau = night % 2 == 0
    shape = "%Y年%m月%d日" if is_other_bureau else "%Y-%m-%d"
    number = pl.col("nice_class").cast(pl.String)
    table = rows.select(
        pl.when(defect != "required:registration_no").then("registration_no").alias("注册号"),
        pl.when(defect == "pattern:nice_class")
        .then(pl.lit("46"))
        .otherwise(pl.concat_str(pl.lit("第"), number, pl.lit("类")) if is_other_bureau else number)
        .alias("国际分类"),
        pl.col("mark_text").alias("商标名称"),
        pl.col("name_then").alias("申请人名称(中)"),
        pl.col("name_en").alias("申请人名称(英)"),
        pl.col("address").alias("申请人地址"),
        pl.when(defect == "type:filing_date")
        .then(pl.lit("2013-13-41"))
        .otherwise(pl.col("filing_date").dt.to_string(shape))
        .alias("申请日期"),
        pl.col("preliminary_date").dt.to_string(shape).alias("初审公告日期"),
        pl.col("registration_date").dt.to_string(shape).alias("注册公告日期"),
        pl.col("term_start").dt.to_string(shape).alias("专用期起"),
        pl.col("term_end").dt.to_string(shape).alias("专用期止"),
        pl.lit("一般").alias("商标类型"),
        pl.col("status").alias("法律状态"),
        pl.when("is_well_known").then(pl.lit("是")).otherwise(pl.lit("否")).alias("是否驰名"),
        pl.when("is_international").then(pl.col("registration_no").str.slice(1)).alias("国际注册号"),
    )
    write_csv(table.rename(_OTHER_HEADERS) if is_other_bureau else table, path, encoding)
    out.written(night, path, len(rows), broken_records(rows), encoding=encoding)


def _truth(world: World, marks: pl.DataFrame) -> pl.DataFrame:
    registered = pl.col("registration_date").is_not_null()
    return _described(world, world.nights, marks.sort("mark_no")).select(
        office_code=pl.lit("CN"),
        application_no="registration_no",
        registration_no=pl.when(registered).then("registration_no"),
        mark_text="mark_text",
        status_code="status",
        filing_date="filing_date",
        filing_date_text=pl.col("filing_date").dt.to_string("%Y-%m-%d"),
        registration_date="registration_date",
        expiry_date="term_end",
        owner_uscc="uscc",
        owner_name="name_then",
        n_owner_entries=pl.lit(1, pl.Int64),
        n_classes=pl.col("classes").list.len().cast(pl.Int64),
        n_events=pl.col("preliminary_date").is_not_null().cast(pl.Int64) + registered.cast(pl.Int64),
        last_night="last_night",
    )
