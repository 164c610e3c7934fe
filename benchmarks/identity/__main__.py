"""Precision, recall and seconds of the matching of enterprises; `make bench-identity`.

The world of names is written where the tables of the lake would be, and dbt builds `int_enterprise_names` and what it
needs. A mention is right when the enterprise of its name is the firm that the mention was made from. `--train` writes
the parameters of the linkage (pipelines/build/linkage.json) from a world with another seed instead.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.identity.resolve import resolve
from benchmarks.identity.scores import judged, scores, scores_table
from benchmarks.identity.training import train
from benchmarks.machine import facts
from pipelines.simulation.misprints import CORRUPTIONS

SEED = 20240516
METHODS = ["uscc", "legal_name", "former_name", "alias", "stated_name", "canonical_name", "evidence", "ambiguous"]
PRECISION, RECALL, SECONDS = 0.999, 0.96, 30.0
_N_SLOWEST = 10


def _measure(n_names: int, scratch: Path) -> bool:
    """Print the figures of one world; returns whether every target is met."""
    resolved = resolve(n_names, SEED, scratch, "int_enterprise_names")
    rows = judged(resolved)
    overall = scores(rows)
    precision, recall = overall.precision or 0.0, overall.recall or 0.0
    seconds = resolved.key_seconds + resolved.seconds
    print(f"## {n_names:,} names, {n_names // 2:,} registered enterprises\n")
    print(
        f"precision {precision:.5f} (at least {PRECISION}), recall {recall:.4f} (at least {RECALL}),"
        f" {seconds:.1f} s (at most {SECONDS:.0f} s for a million): name keys {resolved.key_seconds:.1f} s, models of"
        f" identity {resolved.seconds:.1f} s ({resolved.cpu_seconds:.1f} s of processor time). What they build on, such"
        f" as the regions of every address, took {resolved.before_seconds:.1f} s before.\n"
    )
    print("\n".join([*scores_table(rows, "method", METHODS), "", *scores_table(rows, "corruption", list(CORRUPTIONS))]))
    slowest = sorted(resolved.results, key=lambda result: -result.seconds)[:_N_SLOWEST]
    times = ", ".join(f"{result.unique_id.rsplit('.', 1)[1]} {result.seconds:.1f} s" for result in slowest)
    print(f"\nSlowest models: {times}", flush=True)
    return precision >= PRECISION and recall >= RECALL and seconds <= SECONDS


def main() -> None:
    """Print precision, recall and seconds, and tables by method and corruption; exit code 1 for a missed target."""
    parser = argparse.ArgumentParser(prog="benchmarks.identity", description=__doc__)
    parser.add_argument("--names", type=int, nargs="+", default=[200_000, 1_000_000], help="mentions of each world")
    parser.add_argument("--train", action="store_true", help="write the linkage's parameters instead")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="touchstone-names-") as folder:
        if arguments.train:
            train(Path(folder))
            return
        are_met = [_measure(n_names, Path(folder)) for n_names in arguments.names]
    print(f"\nMeasured by `make bench-identity` on {facts()}")
    if not all(are_met):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
