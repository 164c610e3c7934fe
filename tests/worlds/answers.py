"""Answers to the questions of warehouse/queries on the simulated world, as kept in tests/whole/expected_answers.

After a deliberate change of the world or of a query: `python -m tests.worlds.answers`, and read the difference before
it is committed; an answer that changed for no stated reason is a fault found.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from pathlib import Path

import duckdb

from pipelines.lake.aliases import ALIASES
from pipelines.simulation.simulate import simulate
from pipelines.state.home import PROJECT_ROOT
from tests.worlds.commands import AS_OF, land, succeeded, touchstone

QUERIES = sorted((PROJECT_ROOT / "warehouse" / "queries").glob("*.sql"))
NIGHTS, SCALE, SEED = 2, 0.3, 20240630


def expected(query: Path) -> Path:
    """Where the answer to a query is kept."""
    return PROJECT_ROOT / "tests" / "whole" / "expected_answers" / f"{query.stem}.csv"


def answer(home: Path, query: Path) -> str:
    """What a query answers on a home's release, as CSV."""
    with duckdb.connect(os.path.realpath(home / "touchstone.duckdb"), read_only=True) as connection:
        connection.execute(query.read_text(encoding="utf-8"))
        found = connection.fetchall()
        columns = [column[0] for column in connection.description or []]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([columns, *found])
    return text.getvalue()


def build(world: Path, home: Path) -> None:
    """Refresh a home with each night of the world in turn; the world is simulated where it is not there yet."""
    if not world.exists():
        simulate(world, scale=SCALE, nights=NIGHTS, seed=SEED)
    shutil.copyfile(world / ALIASES, home / ALIASES)
    for night in range(1, NIGHTS + 1):
        land(home, world / f"night_{night:04d}")
        succeeded(touchstone(home, "refresh", "--as-of", AS_OF))


def main() -> None:
    """Write every answer anew."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        build(Path(folder) / "world", home)
        for query in QUERIES:
            expected(query).parent.mkdir(exist_ok=True)
            expected(query).write_text(answer(home, query), encoding="utf-8")


if __name__ == "__main__":
    main()
