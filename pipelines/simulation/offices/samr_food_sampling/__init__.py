"""Food-sampling notices: workbooks with a table of failing and a table of passing samples, by four kinds of office.

On the first night a notice is a workbook with a sheet for each table; on later nights each office has its own layout
(`layouts.LAYOUTS`). Samples above WORKBOOK_SAMPLES are in CSV files, one of failing and one of passing samples per
notice.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulation.deliveries import Deliveries, with_defects
from pipelines.simulation.nights import days_before
from pipelines.simulation.offices.samr_food_sampling import layouts
from pipelines.simulation.offices.samr_food_sampling.samples import SOURCE, new_samples
from pipelines.simulation.world import World

RULES = ["required:product_name"]
SAMPLES_PER_THOUSAND_MARKS = 500
WORKBOOK_SAMPLES = 50_000
SAMPLES_PER_WORKBOOK = 4_500
SAMPLES_PER_CSV_NOTICE = 100_000


def deliver(world: World, out: Deliveries) -> None:
    """Write the notices of some months on the first night, then one notice per night."""
    n_first = world.count(SAMPLES_PER_THOUSAND_MARKS, 8)
    issued = 0
    for night in range(1, world.nights + 1):
        n = n_first if night == 1 else min(max(6, n_first // 40), SAMPLES_PER_WORKBOOK)
        sizes = _notice_sizes(n) if night == 1 else [(n, True)]
        samples = new_samples(world, night, n, issued)
        start = 0
        for number, (size, is_workbook) in enumerate(sizes):
            style = (number if night == 1 else night - 1) % len(layouts.OFFICES)
            notice = _notice(samples.slice(start, size), night, number, style)
            notice = with_defects(notice, _defects(world, notice, night, number))
            if is_workbook:
                layouts.write_workbook(out, night, style, number, notice)
            else:
                layouts.write_csv_files(out, night, style, number, notice)
            out.truth("inspections", _truth(notice, night))
            out.parties(night, SOURCE, notice)
            start += size
        issued += n


def _notice_sizes(n: int) -> list[tuple[int, bool]]:
    """The number of samples of each notice, and whether it is a workbook."""
    in_workbooks = min(n, WORKBOOK_SAMPLES)
    n_books = max(min(4, in_workbooks), -(-in_workbooks // SAMPLES_PER_WORKBOOK))
    sizes = [(len(samples), True) for samples in np.array_split(np.arange(in_workbooks), n_books)]
    rest = n - in_workbooks
    if rest:
        n_notices = -(-rest // SAMPLES_PER_CSV_NOTICE)
        sizes += [(len(samples), False) for samples in np.array_split(np.arange(rest), n_notices)]
    return sizes


def _notice(samples: pl.DataFrame, night: int, number: int, style: int) -> pl.DataFrame:
    """The samples of one notice in the wording of its office, failing ones first."""
    agency, level, task = layouts.OFFICES[style]
    day = _notice_day(night, number)
    producer = (
        pl.when("is_commissioned")
        .then(pl.concat_str(pl.lit("委托方："), "commissioner_printed", pl.lit("；受委托方："), "producer_printed"))
        .otherwise("producer_printed")
    )
    return samples.sort(~pl.col("is_failed"), maintain_order=True).with_columns(
        no=pl.int_range(1, pl.len() + 1).over("is_failed").cast(pl.String),
        producer=producer,
        sampled="sampled_printed",
        notice_no=pl.lit(f"{day.year}年第{night * 1000 + number}期"),
        notice_day=pl.lit(day),
        notice_date_text=pl.lit(f"{day:%Y.%m.%d}" if style % 2 else f"{day:%Y-%m-%d}"),
        task=pl.lit(task),
        level=pl.lit(level),
        agency=pl.lit(agency),
        lab=pl.lit("模拟食品检验研究院"),
        remark=pl.lit("/"),
    )


def _notice_day(night: int, number: int) -> date:
    return days_before(night, 1 + number % 60)


def _defects(world: World, notice: pl.DataFrame, night: int, number: int) -> pl.DataFrame:
    """The broken records, only among the passing samples, which have one row each."""
    n_failing = int(notice["is_failed"].sum())
    drawn = world.defects(SOURCE, len(notice) - n_failing, RULES, night, number)
    return drawn.with_columns(row=pl.col("row") + n_failing)


def _truth(notice: pl.DataFrame, night: int) -> pl.DataFrame:
    return notice.filter(pl.col("defect").is_null()).select(
        "sample_no",
        "notice_no",
        notice_date="notice_day",
        result=pl.when("is_failed").then(pl.lit("fail")).otherwise(pl.lit("pass")),
        n_findings="n_findings",
        producer_uscc="producer_uscc",
        producer_name="producer_name",
        commissioner_uscc=pl.when("is_commissioned").then("commissioner_uscc"),
        sampled_uscc="sampled_uscc",
        sampled_name="sampled_name",
        product_name="product",
        category_name="category",
        brand_text=pl.when(~pl.col("brand_text").is_in(["/", "—"])).then("brand_text"),
        night=pl.lit(night, pl.Int64),
    )
