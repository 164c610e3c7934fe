"""Enforcement reports: an openFDA document of the past on the first night, then one report of JSON lines per night."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import polars as pl

from pipelines.simulation.deliveries import Deliveries, broken_records, with_defects
from pipelines.simulation.draws import as_columns, choose
from pipelines.simulation.nights import dates, day_number, night_date
from pipelines.simulation.world import World

SOURCE = "fda_enforcement"
RULES = ["required:recall_reason", "type:report_date"]
RECALLS_PER_THOUSAND_MARKS = 60
MOST_RECALLS = 3_000
FIRST_DAY = date(2023, 1, 4)

_CLASSES = [("Class I", 2), ("Class II", 6), ("Class III", 2)]
_PRODUCTS = [
    ("Green tea, 100 g", "Food", 5),
    ("Rice noodles, 400 g", "Food", 5),
    ("Chilli sauce, 250 mL", "Food", 5),
    ("Moon cakes, 8 pieces", "Food", 3),
    ("Herbal capsules, 60 count", "Drugs", 1),
]
_REASONS = [
    ("Undeclared milk.", 5),
    ("Undeclared peanut.", 4),
    ("Product has the potential to be contaminated with Salmonella.", 4),
    ("Product has the potential to be contaminated with Listeria monocytogenes.", 3),
    ("Elevated levels of lead.", 2),
]


def deliver(world: World, out: Deliveries) -> None:
    """Write the past in the layout of openFDA, then one enforcement report per night."""
    issued: dict[int, int] = {}
    n_first = min(world.count(RECALLS_PER_THOUSAND_MARKS, 24), MOST_RECALLS)
    for night in range(1, world.nights + 1):
        last = day_number(night_date(night)) - 1
        first = day_number(FIRST_DAY) if night == 1 else day_number(night_date(night - 1))
        n = n_first if night == 1 else max(3, n_first // 50)
        rows = _recalls(world, night, n, first, last, issued)
        rows = with_defects(rows, world.defects(SOURCE, n, RULES, night))
        _write(out, night, rows)
        out.truth(
            "recalls",
            rows.filter(pl.col("defect").is_null()).select(
                "reference", "report_date", "classification", "product_type", "firm", night=pl.lit(night)
            ),
        )


def _recalls(world: World, night: int, n: int, first: int, last: int, issued: dict[int, int]) -> pl.DataFrame:
    """Recalls in order of their report, numbered within each year."""
    generator = world.random(SOURCE, night)
    food = world.enterprises_at(night).filter(pl.col("food_category") != "")
    frame = pl.DataFrame(
        {
            "report_date": dates(np.sort(generator.integers(first, last + 1, n))),
            **as_columns(_CLASSES, choose(generator, _CLASSES, n), ["classification"]),
            **as_columns(_PRODUCTS, choose(generator, _PRODUCTS, n), ["product", "product_type"]),
            **as_columns(_REASONS, choose(generator, _REASONS, n), ["reason"]),
            "n_cases": generator.integers(10, 5000, n),
        }
    ).hstack(food.select(firm="name_en", city="city_en", brand="brand_en")[generator.integers(0, len(food), n)])
    numbers: list[int] = []
    for year in frame["report_date"].dt.year():
        issued[year] = issued.get(year, 0) + 1
        numbers.append(issued[year])
    return frame.with_columns(
        reference=pl.concat_str(
            pl.lit("F-"),
            pl.Series(numbers).cast(pl.String).str.zfill(4),
            pl.lit("-"),
            pl.col("report_date").dt.year().cast(pl.String),
        )
    )


def _write(out: Deliveries, night: int, rows: pl.DataFrame) -> None:
    day = night_date(night)
    records = [_openfda(row) if night == 1 else _weekly(row) for row in rows.iter_rows(named=True)]
    if night == 1:
        path = out.path(night, SOURCE, f"food-enforcement_{day:%Y-%m-%d}.json")
        meta = {"last_updated": f"{day:%Y-%m-%d}", "results": {"skip": 0, "limit": 1000, "total": len(records)}}
        path.write_text(json.dumps({"meta": meta, "results": records}, indent=2) + "\n", encoding="utf-8")
    else:
        path = out.path(night, SOURCE, f"enforcement_report_{day:%Y-%m-%d}.jsonl")
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    out.written(night, path, len(rows), broken_records(rows))


def _openfda(row: dict[str, object]) -> dict[str, object]:
    values = _values(row, "%Y%m%d")
    return {
        "recall_number": row["reference"],
        "event_id": str(row["reference"])[2:6],
        "status": "Ongoing",
        "openfda": {},
        "country": "China",
        "city": row["city"],
        "recall_initiation_date": "",
        "product_description": f"{row['brand']} {row['product']}",
        "recalling_firm": row["firm"],
        **values,
    }


def _weekly(row: dict[str, object]) -> dict[str, object]:
    values = _values(row, "%m/%d/%Y")
    return {
        **{key.replace("_", "-"): value for key, value in values.items()},
        "code-info": "All lots",
        "product-description": f"{row['brand']} {row['product']}. Recall # {row['reference']}",
        "recalling-firm": f"{row['firm']}, {row['city']}, China, by letter. Firm initiated recall is ongoing.",
    }


def _values(row: dict[str, object], date_format: str) -> dict[str, object]:
    """The fields that both layouts share, with the defect of a broken record."""
    day = row["report_date"]
    assert isinstance(day, date)
    defect = row["defect"]
    return {
        "report_date": "2024-13-41" if defect == "type:report_date" else day.strftime(date_format),
        "classification": row["classification"],
        "product_type": row["product_type"],
        "reason_for_recall": None if defect == "required:recall_reason" else row["reason"],
        "product_quantity": f"{row['n_cases']:,} cases",
        "distribution_pattern": "Nationwide",
    }
