"""`python -m benchmarks --scale N [--only NAME ...] [--data DIR]`: measure, and print one Markdown table."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import parsing
from benchmarks.machine import facts
from benchmarks.measure import CommandFailed
from benchmarks.refreshing import Refreshed
from benchmarks.table import Row, markdown
from benchmarks.world import BenchmarkWorld, simulated


def _measure(world: BenchmarkWorld, chosen: list[str] | None) -> tuple[list[Row], list[str]]:
    refreshed = Refreshed(world)
    benchmarks: dict[str, Callable[[], tuple[list[Row], list[str]]]] = {
        "xml": lambda: parsing.xml(world),
        "csv": lambda: parsing.csv(world),
        "memory": lambda: parsing.memory(world),
        "refresh": refreshed.full,
        "noop": refreshed.nothing_new,
    }
    rows: list[Row] = []
    notes: list[str] = []
    for name, measure in benchmarks.items():
        if chosen and name not in chosen:
            continue
        print(f"{name} ...", flush=True)
        started = time.perf_counter()
        try:
            of_rows, of_notes = measure()
        except CommandFailed as failure:
            of_rows, of_notes = [Row(name, "failed", holds=False)], [f"{name} failed: {failure}"]
        rows += of_rows
        notes += of_notes
        print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)
    return rows, notes


def main() -> None:
    """Simulate, measure and print."""
    arguments = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    arguments.add_argument("--scale", type=float, default=100, help="thousands of trademarks")
    arguments.add_argument(
        "--only", nargs="+", choices=["xml", "csv", "memory", "refresh", "noop"], help="measure only these"
    )
    arguments.add_argument("--data", type=Path, help="keep the simulated deliveries here, or take them from here")
    given = arguments.parse_args()
    machine = facts()
    if given.data:
        given.data.mkdir(parents=True, exist_ok=True)
    # Homes lie beside the deliveries, so that they can hold the same files without copying them.
    with tempfile.TemporaryDirectory(prefix="touchstone-bench-", dir=given.data) as name:
        scratch = Path(name)
        print(f"simulating {given.scale:g} thousand marks ...", flush=True)
        rows, notes = _measure(simulated(given.scale, given.data or scratch, scratch), given.only)
    print()
    print(markdown(rows))
    print()
    print(f"Measured by `make bench SCALE={given.scale:g}` on {machine}")
    print()
    print("Medians; runs in the order made, interleaved with their baselines:")
    print()
    for note in notes:
        print(f"- {note}")


if __name__ == "__main__":
    main()
