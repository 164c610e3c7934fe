"""Deliveries of an invented world: enterprises whose marks, inspections and recognitions agree across all sources.

Each source has an office (`offices/<source>`, a module or a package) whose `deliver(world, out)` writes the deliveries
in the official format and records the truth: what a correct warehouse must contain. Nothing depends on the clock, on
hash order or on the number of nights: the first nights of a longer simulation are the nights of a shorter one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from pipelines.contract.loading import load_sources
from pipelines.errors import UsageError
from pipelines.lake.aliases import ALIASES
from pipelines.simulation.deliveries import Deliveries, write_csv
from pipelines.simulation.nights import MAX_NIGHTS, night_date
from pipelines.simulation.world import World

DEFAULT_SEED = 20240510


def _claim(out: Path, arguments: Mapping[str, float]) -> None:
    """Prepare the folder: an earlier simulation in it is deleted, a folder with anything else is refused untouched."""
    marker = out / "simulation.json"
    if marker.exists():
        for folder in [*out.glob("night_[0-9][0-9][0-9][0-9]"), out / "truth"]:
            shutil.rmtree(folder, ignore_errors=True)
        (out / ALIASES).unlink(missing_ok=True)
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: not an empty folder and not an earlier simulation; give a new folder")
    out.mkdir(parents=True, exist_ok=True)
    marker.write_text(json.dumps(arguments) + "\n", encoding="utf-8")


def simulate(
    out: Path,
    scale: float = 1,
    nights: int = 1,
    seed: int = DEFAULT_SEED,
    progress: Callable[[str], None] | None = None,
) -> None:
    """Write synthetic deliveries in the official formats, night by night, with their truth tables.

    `out` gets night_0001/<source>/<file> and so on (the first night has every source in full, later nights what
    changed), enterprise_aliases.csv for the home that receives the deliveries, and truth/*.parquet: what a correct
    warehouse contains after all nights (mentions.parquet: which firm each printed name is). `scale` is the number of
    trademarks of the first night in thousands. The same arguments give the same bytes. An earlier simulation in `out`
    is replaced. Raises UsageError for arguments out of range and for a folder that contains anything else.
    """
    if not 0.01 <= scale <= 4000:
        raise UsageError(f"scale {scale}: give thousands of trademarks, from 0.01 to 4000")
    if not 1 <= nights <= MAX_NIGHTS:
        raise UsageError(f"nights {nights}: give a number from 1 to {MAX_NIGHTS}")
    if seed < 0:
        raise UsageError(f"seed {seed}: give a number from 0")
    _claim(out, {"scale": float(scale), "nights": nights, "seed": seed})
    sources = load_sources()
    world = World(float(scale), nights, seed, sources)
    if progress:
        progress(f"seed {seed}, {world.n_enterprises} enterprises, nights to {night_date(nights)}")
    deliveries = Deliveries(out, progress)
    for source in sources.values():
        office = f"pipelines.simulation.offices.{source.id}"
        # A feed that has just been added has no simulated office yet.
        if find_spec(office) is not None:
            import_module(office).deliver(world, deliveries)
    deliveries.truth(
        "nights",
        pl.DataFrame(
            {
                "night": list(range(1, nights + 1)),
                "as_of_date": [night_date(night) for night in range(1, nights + 1)],
            }
        ),
    )
    deliveries.write_truth()
    _write_aliases(world, out / ALIASES)


def _write_aliases(world: World, path: Path) -> None:
    """The declared aliases: English names only, because former names are in the register."""
    aliases = world.enterprises.filter("has_english_alias").select(
        alias="name_en",
        enterprise="uscc",
        kind=pl.lit("english"),
        source_document=pl.lit("模拟企业年度报告"),
        author=pl.lit("模拟登记科"),
        date=pl.lit(f"{night_date(1):%Y-%m-%d}"),
    )
    write_csv(aliases, path, "utf-8")
