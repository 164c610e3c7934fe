"""Exports of the register of geographical indications, with invented names in real cities."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import polars as pl

from pipelines.simulation.deliveries import Deliveries
from pipelines.simulation.nights import night_date
from pipelines.simulation.words import in_latin_stems, in_stems
from pipelines.simulation.world import World

SOURCE = "eambrosia_gi"
N_FIRST = 24
_TYPES = [("PGI", "FOOD", 18), ("PDO", "FOOD", 11), ("GI", "SPIRIT", 21), ("PGI", "WINE", 1)]
_PRODUCTS = [("茶", "Cha"), ("粉丝", "Fen Si"), ("酒", "Jiu"), ("葡萄酒", "Pu Tao Jiu")]
_FOREIGN = [("IT", "Formaggio di Prova"), ("FR", "Vin d'Essai"), ("ES", "Queso de Muestra")]


def deliver(world: World, out: Deliveries) -> None:
    """Write the register on the first night, then what changed: an application, a registration and a cancellation."""
    entries = [_entry(world, number) for number in range(N_FIRST + 2 * world.nights)]
    for night in range(1, world.nights + 1):
        shown = range(N_FIRST) if night == 1 else _changed(night)
        records = [_as_of(entries[number], number, night) for number in shown]
        day = night_date(night)
        path = out.path(night, SOURCE, f"eambrosia_export_{day:%Y-%m-%d}.json")
        path.write_text(json.dumps(records, indent=2, ensure_ascii=False), encoding="utf-8")
        out.written(night, path, len(records))
        out.truth(
            "geographical_indications",
            pl.DataFrame(
                [(r["giIdentifier"], r["giType"], r["status"], len(r["protectedNames"]), night) for r in records],
                schema={
                    "gi_identifier": pl.String,
                    "gi_type": pl.String,
                    "status": pl.String,
                    "n_names": pl.Int64,
                    "night": pl.Int64,
                },
                orient="row",
            ),
        )


def _changed(night: int) -> list[int]:
    """The entries of a night: one applied for, the one applied for the night before, and one that is cancelled."""
    applied = [N_FIRST + night - 2]
    return [*applied, *([applied[0] - 1] if night > 2 else []), night % N_FIRST]


def _entry(world: World, number: int) -> dict[str, Any]:
    cities = world.enterprises_at(1).select("city", "city_en").unique(maintain_order=True)
    city, city_en = cities.row(number % len(cities))
    product, product_en = _PRODUCTS[number % len(_PRODUCTS)]
    stems, stems_en = in_stems(pl.Series([number])).item(), in_latin_stems(pl.Series([number])).item().title()
    kind, product_type, category = _TYPES[number % len(_TYPES)]
    names = [f"{city}试金{stems}{product}", f"{city_en.title()} Shijin {stems_en} {product_en}"]
    country = "CN"
    if number % 6 == 5:
        country, name = _FOREIGN[number % len(_FOREIGN)]
        names = [f"{name} {stems_en}"]
    if number % 8 == 0:
        names.append(f"{names[-1]} Chiew")
    return {
        "giIdentifier": f"EUGI{90_000_000_000 + number:011d}",
        "protectedNames": names,
        "fileNumber": f"{kind}-{country}-9{number:04d}",
        "countries": [country],
        "giType": kind,
        "productType": product_type,
        "productCategories": [category],
        "removedFlag": False,
        "thirdCountryFlag": country == "CN",
        "transcriptions": None,
        "publications": [{"text": f"Official Journal C {number + 1}, 3.6.2017", "uri": "https://eur-lex.europa.eu/"}],
    }


def _as_of(entry: dict[str, Any], number: int, night: int) -> dict[str, Any]:
    """The entry as it is in the register on a night."""
    day = night_date(night)
    is_application = number >= N_FIRST and number == N_FIRST + night - 2
    status = "applied" if is_application else "registered"
    protected = date(2017, 6, 3) + timedelta(days=number)
    if number >= N_FIRST:
        protected = day - timedelta(days=10)
    if night > 1 and number == night % N_FIRST:
        status = "cancelled"
    return {
        **entry,
        "modificationDate": f"{day:%Y-%m-%d}T08:00:00.000Z",
        "status": status,
        "euProtectionDate": f"{protected:%Y-%m-%d}",
        "legalInstrument": None if is_application else {"text": "Official Journal L 144, 7.6.2017", "uri": None},
    }
