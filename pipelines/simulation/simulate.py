"""A synthetic world in deliveries: invented enterprises with marks, inspections and recognitions that agree.

Each source writes its own deliveries (`offices/<source>.py`: `deliver(world, out)`), in its office's format, and
records beside them what a correct warehouse must contain. Nothing depends on the clock, on hash order or on the number
of nights asked for: the first nights of a longer simulation are the nights of a shorter one.
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
from pipelines.lake.decisions import ALIASES
from pipelines.simulation.deliveries import Deliveries, write_csv
from pipelines.simulation.nights import MAX_NIGHTS, night_date
from pipelines.simulation.world import World

DEFAULT_SEED = 20240510


def _claim(out: Path, arguments: Mapping[str, float]) -> None:
    """Make the folder a simulation's own: an earlier simulation goes, anything else is left alone and refused."""
    marker = out / "simulation.json"
    if marker.exists():
        for folder in [*out.glob("night_[0-9][0-9][0-9][0-9]"), out / "truth"]:
            shutil.rmtree(folder, ignore_errors=True)
        (out / ALIASES).unlink(missing_ok=True)
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: not an empty folder and no earlier simulation; name a new one")
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

    `out` gets night_0001/<source>/<file> and on (the first night holds every source in full, later ones what changed),
    enterprise_aliases.csv for the home that receives them, and truth/*.parquet: what a correct warehouse contains after
    all nights (mentions.parquet tells which firm each printed name is). `scale` is the number of trademarks of the
    first night in thousands. The same arguments give the same bytes. An earlier simulation in `out` is replaced. Raises
    UsageError for arguments that make no world and for a folder that holds anything else.
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
        # A feed that somebody has just added has no simulated office yet.
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
    """The English names that people have declared; former names stand in the register."""
    aliases = world.enterprises.filter("has_english_alias").select(
        alias="name_en",
        enterprise="uscc",
        kind=pl.lit("english"),
        source_document=pl.lit("模拟企业年度报告"),
        author=pl.lit("模拟登记科"),
        date=pl.lit(f"{night_date(1):%Y-%m-%d}"),
    )
    write_csv(aliases, path, "utf-8")
