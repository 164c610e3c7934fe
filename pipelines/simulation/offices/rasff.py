"""RASFF exports: the notifications of some years on the first night, then those of each half month."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulation.deliveries import Deliveries, broken_records, with_defects, write_csv
from pipelines.simulation.draws import as_columns, choose
from pipelines.simulation.nights import dates, day_number, night_date
from pipelines.simulation.world import World

SOURCE = "rasff"
RULES = ["type:notified_date", "required:reference", "pattern:reference"]
NOTIFICATIONS_PER_THOUSAND_MARKS = 150
MOST_NOTIFICATIONS = 20_000
FIRST_DAY = date(2020, 1, 2)

_COUNTRIES = [
    ("Germany", 26),
    ("Netherlands", 24),
    ("Italy", 16),
    ("Belgium", 16),
    ("Spain", 15),
    ("France", 15),
    ("Poland", 13),
    ("Bulgaria", 9),
]
_ORIGINS = [
    ("China", 15),
    ("Türkiye", 19),
    ("Poland", 15),
    ("India", 14),
    ("Brazil", 6),
    ("Spain", 8),
    ("", 3),
]
_PRODUCTS = [
    ("Green tea", "Cocoa and cocoa preparations, coffee and tea", 4),
    ("Groundnuts, shelled", "Nuts, nut products and seeds", 9),
    ('Melamine mug "Probe"', "Food contact materials", 5),
    ("Dried figs", "Fruits and vegetables", 12),
    ("Frozen chicken breast", "Poultry meat and poultry meat products", 8),
    ("Rice noodles // Reisnudeln", "Cereals and bakery products", 6),
    ("Łyżka kuchenna (spoon)", "Food contact materials", 3),
    ("Chilli powder", "Herbs and spices", 6),
    ("Food supplement, capsules", "Dietetic foods, food supplements and fortified foods", 7),
]
_HAZARDS = [
    ("Aflatoxin B1 - mycotoxins", "Mycotoxins", 10),
    ("Ochratoxin A - mycotoxins", "Mycotoxins", 5),
    ("Salmonella spp. - pathogenic micro-organisms", "Pathogenic micro-organisms", 12),
    ("Dinotefuran - unauthorised substance - pesticide residues", "Pesticide residues", 8),
    ("Cadmium - heavy metals", "Heavy metals", 6),
    ("Formaldehyde - migration - migration", "Migration", 5),
    ("E 407 - carrageenan - unauthorised - food additives and flavourings", "Food additives and flavourings", 4),
]


def deliver(world: World, out: Deliveries) -> None:
    """Write one export per night."""
    issued: dict[int, int] = {}
    n_first = min(world.count(NOTIFICATIONS_PER_THOUSAND_MARKS, 20), MOST_NOTIFICATIONS)
    for night in range(1, world.nights + 1):
        last = day_number(night_date(night)) - 1
        first = day_number(FIRST_DAY) if night == 1 else day_number(night_date(night - 1))
        n = n_first if night == 1 else max(4, n_first // 50)
        rows = _notifications(world, night, n, first, last, issued)
        rows = with_defects(rows, world.defects(SOURCE, n, RULES, night))
        _write(out, night, rows)
        out.truth(
            "notifications",
            rows.filter(pl.col("defect").is_null()).select(
                "reference", "notified_date", "origin_country", "product_category", "n_hazards", night=pl.lit(night)
            ),
        )


def _notifications(world: World, night: int, n: int, first: int, last: int, issued: dict[int, int]) -> pl.DataFrame:
    """Notifications with their hazards, newest first, numbered within each year."""
    generator = world.random(SOURCE, night)
    frame = pl.DataFrame(
        {
            "notified_date": dates(np.sort(generator.integers(first, last + 1, n))),
            **as_columns(_COUNTRIES, choose(generator, _COUNTRIES, n), ["notifying_country"]),
            **as_columns(_ORIGINS, choose(generator, _ORIGINS, n), ["origin_country"]),
            **as_columns(_PRODUCTS, choose(generator, _PRODUCTS, n), ["product", "product_category"]),
            "n_hazards": np.minimum(generator.integers(0, 5, n), 3),
        }
    ).with_columns(year=pl.col("notified_date").dt.year())
    hazards = [as_columns(_HAZARDS, choose(generator, _HAZARDS, n), ["substance", "category"]) for _ in range(3)]
    for position, drawn in enumerate(hazards, 1):
        shown = pl.col("n_hazards") >= position
        frame = frame.with_columns(
            pl.when(shown).then(pl.lit(drawn["substance"])).alias(f"substance_{position}"),
            pl.when(shown).then(pl.lit(drawn["category"])).alias(f"category_{position}"),
        )
    before = pl.DataFrame(
        {"year": list(issued), "before": list(issued.values())}, schema={"year": pl.Int32, "before": pl.Int64}
    )
    frame = frame.join(before, on="year", how="left", maintain_order="left").with_columns(
        number=pl.col("before").fill_null(0) + pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("year")
    )
    issued.update(frame.group_by("year").agg(pl.col("number").max()).iter_rows())
    return frame.with_columns(
        reference=pl.concat_str(pl.col("year").cast(pl.String), pl.lit("."), pl.col("number").cast(pl.String)),
        origin_country=pl.when(pl.col("origin_country") != "").then("origin_country"),
    ).reverse()


def _write(out: Deliveries, night: int, rows: pl.DataFrame) -> None:
    defect = pl.col("defect").fill_null("")
    table = rows.select(
        pl.when(defect == "type:notified_date")
        .then(pl.lit("Okt 41, 2024"))
        .otherwise(pl.col("notified_date").dt.to_string("%b %d, %Y"))
        .alias("Date of Case"),
        pl.when(defect == "required:reference")
        .then(pl.lit(""))
        .when(defect == "pattern:reference")
        .then(pl.col("reference").str.replace(".", "/", literal=True))
        .otherwise("reference")
        .alias("Reference"),
        pl.col("notifying_country").alias("Notification From"),
        pl.col("origin_country").alias("Country Origin"),
        pl.col("product").alias("Product"),
        pl.col("product_category").alias("Product Category"),
        _joined("substance").alias("Hazard Substance"),
        _joined("category").alias("Hazard Category"),
    )
    path = out.path(night, SOURCE, f"rasff_{night_date(night):%Y-%m-%d}.csv")
    write_csv(table, path, "utf-8-sig", quote_all=True)
    out.written(night, path, len(rows), broken_records(rows), encoding="utf-8-sig")


def _joined(name: str) -> pl.Expr:
    """The values of the hazards in one cell."""
    columns = [f"{name}_{position}" for position in (1, 2, 3)]
    return pl.concat_str(columns, separator="; ", ignore_nulls=True)
