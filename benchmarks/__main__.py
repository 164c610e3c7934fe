"""Measure speed and memory against baselines, and print one Markdown table."""

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
    """The rows and the notes of the chosen benchmarks, or of all."""
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
            new_rows, new_notes = measure()
        except CommandFailed as failure:
            new_rows, new_notes = [Row(name, "failed", is_met=False)], [f"{name} failed: {failure}"]
        rows += new_rows
        notes += new_notes
        print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)
    return rows, notes


def main() -> None:
    """Simulate, measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--scale", type=float, default=100, help="thousands of trademarks (default: 100)")
    parser.add_argument(
        "--only", nargs="+", choices=["xml", "csv", "memory", "refresh", "noop"], help="measure only these"
    )
    parser.add_argument("--data", type=Path, help="folder of the simulated deliveries; a later run uses them again")
    arguments = parser.parse_args()
    machine = facts()
    if arguments.data:
        arguments.data.mkdir(parents=True, exist_ok=True)
    # Homes are on the file system of the deliveries, so that files can be linked instead of copied.
    with tempfile.TemporaryDirectory(prefix="touchstone-bench-", dir=arguments.data) as folder:
        scratch = Path(folder)
        print(f"simulating {arguments.scale:g} thousand marks ...", flush=True)
        rows, notes = _measure(simulated(arguments.scale, arguments.data or scratch, scratch), arguments.only)
    print()
    print(markdown(rows))
    print()
    print(f"Measured by `make bench SCALE={arguments.scale:g}` on {machine}")
    print()
    print("The table shows medians. The seconds of each run, in order; runs alternate with those of their baselines:")
    print()
    for note in notes:
        print(f"- {note}")


if __name__ == "__main__":
    main()
