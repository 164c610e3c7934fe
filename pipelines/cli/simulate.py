"""touchstone simulate: deliveries of an invented world."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.app import app


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("--out", help="A new folder: a folder per night, and truth.")],
    scale: Annotated[float, typer.Option("--scale", help="Thousands of trademarks on the first night.")] = 1,
    nights: Annotated[int, typer.Option("--nights", help="How many nights; later ones hold what changed.")] = 1,
    seed: Annotated[int | None, typer.Option("--seed", help="The same arguments give the same bytes.")] = None,
) -> None:
    """Write synthetic deliveries in the official formats, with their truth tables."""
    from pipelines.simulation.simulate import DEFAULT_SEED
    from pipelines.simulation.simulate import simulate as write_world

    write_world(out, scale, nights, DEFAULT_SEED if seed is None else seed, typer.echo)
