"""Parsing compared with the readers that it uses, and its peak memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Run, interleaved, run_task
from benchmarks.table import Row, megabytes, seconds
from benchmarks.world import ENLARGED, BenchmarkWorld

SPEED_TARGET = 0.60
MEMORY_TARGET = 512e6


def _parse(world: BenchmarkWorld, source_id: str, delivery: Path) -> Callable[[], Run]:
    home = world.received(source_id, delivery)
    return lambda: _task(world, "parse", home, source_id)


def _task(world: BenchmarkWorld, task: str, *arguments: str | Path) -> Run:
    return run_task(task, *arguments, environment=world.environment(world.scratch), log=world.log(task))


def xml(world: BenchmarkWorld) -> tuple[list[Row], list[str]]:
    """USPTO parse compared with xml2arrow alone and with lxml, on the largest delivery; rows and notes."""
    path = world.uspto_file
    series = interleaved(
        {
            "parse": _parse(world, "uspto_trademark", path),
            "xml2arrow": lambda: _task(world, "xml2arrow", path),
            "lxml": lambda: _task(world, "lxml", path),
        }
    )
    size = path.stat().st_size
    ours = series["parse"]
    rows = []
    for name, label, target in [
        ("xml2arrow", "xml2arrow alone, in one piece", SPEED_TARGET),
        ("lxml", "lxml iterparse of the same tables", 1.0),
    ]:
        other = series[name]
        ratio = other.seconds / ours.seconds
        rows.append(
            Row(
                f"USPTO XML parse, {megabytes(size)}, against {label}",
                f"{size / 1e6 / ours.seconds:,.0f} MB/s",
                f"{size / 1e6 / other.seconds:,.0f} MB/s",
                f"{ratio:.0%}",
                f"at least {target:.0%}",
                ratio >= target,
            )
        )
    return rows, [f"USPTO XML, {ours.runs[0].printed}: {', '.join(map(str, series.values()))}"]


def csv(world: BenchmarkWorld) -> tuple[list[Row], list[str]]:
    """Parse of the enterprise register, its records repeated, compared with DuckDB's CSV to Parquet; rows and notes."""
    path = world.long_enterprise_file
    parquet = world.scratch / "enterprises.parquet"
    series = interleaved(
        {
            "parse": _parse(world, "enterprise_register", path),
            "DuckDB": lambda: _task(world, "duckdb_csv", path, parquet),
        }
    )
    size = path.stat().st_size
    ours, other = series["parse"], series["DuckDB"]
    ratio = other.seconds / ours.seconds
    row = Row(
        f"CSV parse, enterprise register's records repeated, {megabytes(size)}, against DuckDB's CSV to Parquet",
        f"{size / 1e6 / ours.seconds:,.0f} MB/s",
        f"{size / 1e6 / other.seconds:,.0f} MB/s",
        f"{ratio:.0%}",
        f"at least {SPEED_TARGET:.0%}",
        ratio >= SPEED_TARGET,
    )
    return [row], [f"CSV, {ours.runs[0].printed}: {', '.join(map(str, series.values()))}"]


def memory(world: BenchmarkWorld) -> tuple[list[Row], list[str]]:
    """Peak memory of parsing a delivery, and a file ENLARGED times its size; rows and notes."""
    rows, notes = [], []
    for source_id, label, path, large in [
        ("uspto_trademark", "USPTO XML", world.uspto_file, world.large_uspto_file),
        ("enterprise_register", "CSV", world.enterprise_file, world.large_enterprise_file),
    ]:
        baseline, run = (_parse(world, source_id, delivery)() for delivery in (path, large))
        rows.append(
            Row(
                f"peak memory of parsing {label}, {megabytes(large.stat().st_size)}"
                f" (baseline: {megabytes(path.stat().st_size)})",
                megabytes(run.peak_bytes),
                megabytes(baseline.peak_bytes),
                f"{run.peak_bytes / baseline.peak_bytes:.0%}",
                f"at most {megabytes(MEMORY_TARGET)}",
                max(run.peak_bytes, baseline.peak_bytes) <= MEMORY_TARGET,
            )
        )
        notes.append(
            f"{label} repeated {ENLARGED} times, {run.printed}: {seconds(run.seconds)},"
            f" {large.stat().st_size / 1e6 / run.seconds:,.0f} MB/s"
        )
    return rows, notes
