"""Parsing against the speed of the readers beneath it, and its peak memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Run, interleaved, run_task
from benchmarks.table import Row, megabytes, seconds
from benchmarks.world import ENLARGED, BenchmarkWorld

SPEED_REACH = 0.60
MEMORY_REACH = 512e6


def _parse(world: BenchmarkWorld, source_id: str, delivery: Path) -> Callable[[], Run]:
    home = world.received(source_id, delivery)
    return lambda: _task(world, "parse", home, source_id)


def _task(world: BenchmarkWorld, task: str, *arguments: str | Path) -> Run:
    return run_task(task, *arguments, environment=world.environment(world.scratch), log=world.log(task))


def xml(world: BenchmarkWorld) -> tuple[list[Row], list[str]]:
    """USPTO parse against xml2arrow alone and against lxml, on the largest delivery; rows and notes."""
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
    for name, label, reach in [
        ("xml2arrow", "xml2arrow alone, whole file", SPEED_REACH),
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
                f"at least {reach:.0%}",
                ratio >= reach,
            )
        )
    return rows, [f"USPTO XML, {_n_records(ours.runs[0])}: {', '.join(map(str, series.values()))}"]


def csv(world: BenchmarkWorld) -> tuple[list[Row], list[str]]:
    """Enterprise register parse, its records repeated, against DuckDB's CSV to Parquet; rows and notes."""
    path = world.long_enterprise_file
    target = world.scratch / "enterprises.parquet"
    series = interleaved(
        {
            "parse": _parse(world, "enterprise_register", path),
            "DuckDB": lambda: _task(world, "duckdb_csv", path, target),
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
        f"at least {SPEED_REACH:.0%}",
        ratio >= SPEED_REACH,
    )
    return [row], [f"CSV, {_n_records(ours.runs[0])}: {', '.join(map(str, series.values()))}"]


def memory(world: BenchmarkWorld) -> tuple[list[Row], list[str]]:
    """Peak memory of parsing at a delivery's size and at several times that; rows and notes."""
    rows, notes = [], []
    for source_id, label, path, large in [
        ("uspto_trademark", "USPTO XML", world.uspto_file, world.large_uspto_file),
        ("enterprise_register", "CSV", world.enterprise_file, world.large_enterprise_file),
    ]:
        once, often = (_parse(world, source_id, one)() for one in (path, large))
        rows.append(
            Row(
                f"peak memory of parsing {label}, {megabytes(large.stat().st_size)}"
                f" (baseline: {megabytes(path.stat().st_size)})",
                megabytes(often.peak_bytes),
                megabytes(once.peak_bytes),
                f"{often.peak_bytes / once.peak_bytes:.0%}",
                f"at most {megabytes(MEMORY_REACH)}",
                max(often.peak_bytes, once.peak_bytes) <= MEMORY_REACH,
            )
        )
        notes.append(
            f"{label} {ENLARGED} times over, {_n_records(often)}: {seconds(often.seconds)},"
            f" {large.stat().st_size / 1e6 / often.seconds:,.0f} MB/s"
        )
    return rows, notes


def _n_records(run: Run) -> str:
    return run.printed
