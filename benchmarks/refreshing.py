"""A full refresh compared with reading its files and running its models' SQL, and a refresh with nothing new."""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from functools import cached_property
from pathlib import Path

from benchmarks.baseline import LEFT_OUT, script
from benchmarks.measure import CommandFailed, Run, interleaved, python, run_command, run_task
from benchmarks.table import Row, megabytes, seconds
from benchmarks.world import BenchmarkWorld
from pipelines.simulation.simulate import simulate
from pipelines.state.database import open_database
from pipelines.state.home import Home
from pipelines.state.run_folder import RunFolder

RATIO_TARGET = 2.0
FIXED_SECONDS_TARGET = 25.0
NOOP_SECONDS_TARGET = 6.0
MEMORY_TARGET = 2e9
SMALL_SCALE = 0.1
NOT_FOR_NOOP = ("great_expectations", "dbt")
_NOTHING_NEW = "Nothing new"
# The line that a refresh prints for a finished step: stage, subject, result, seconds.
_STEP = re.compile(r"(?P<stage>[a-z]+)  .*?(?P<seconds>\d+\.\d) s$")


class Refreshed:
    """A world and the home of its last refresh, from which the refresh with nothing new starts."""

    def __init__(self, world: BenchmarkWorld) -> None:
        self._world = world
        self._home: Path | None = None
        self._was_tried = False

    def _refresh(self, home: Path) -> Run:
        command = python("-m", "pipelines.cli.main", "refresh", "--as-of", self._world.as_of.isoformat())
        return run_command(command, self._world.environment(home), self._world.log("refresh"))

    def _full(self) -> Run:
        self._home, self._was_tried = None, True
        home = self._world.landed("home-refresh")
        shutil.copytree(Home(self._used_home).dbt, Home(home).dbt)
        run = self._refresh(home)
        self._home = home
        return run

    @cached_property
    def _used_home(self) -> Path:
        """A home after its first refresh, which parsed the dbt project and ran its unit tests."""
        small = BenchmarkWorld(SMALL_SCALE, self._world.scratch / "small", self._world.scratch)
        simulate(small.data, scale=small.scale, nights=1)
        home = small.landed("home-used")
        run_command(
            python("-m", "pipelines.cli.main", "refresh", "--as-of", small.as_of.isoformat()),
            small.environment(home),
            small.log("first-refresh"),
        )
        return home

    def _baseline(self) -> Run:
        """The same tables without Touchstone, over the lake of the last refresh."""
        if self._home is None:
            raise CommandFailed("the full refresh released nothing")
        self._folder.mkdir(exist_ok=True)
        script(Home(self._home), self._folder, self._world.as_of)
        command = python("-m", "benchmarks.baseline", self._world.deliveries, self._home, self._folder)
        return run_command(command, self._world.environment(self._world.scratch), self._world.log("baseline"))

    @property
    def _folder(self) -> Path:
        return self._world.scratch / "baseline"

    def full(self) -> tuple[list[Row], list[str]]:
        """The time and memory of a refresh of everything into a new home; rows and notes."""
        series = interleaved({"refresh": self._full, "baseline": self._baseline})
        ours, other = series["refresh"], series["baseline"]
        allowed = RATIO_TARGET * other.seconds + FIXED_SECONDS_TARGET
        marks = f"{self._world.n_marks:,} marks"
        rows = [
            Row(
                f"full refresh, {marks}, against reading its files and running its models' SQL without Touchstone",
                seconds(ours.seconds),
                seconds(other.seconds),
                f"{ours.seconds / other.seconds:.1f} x",
                f"at most {RATIO_TARGET:g} x + {FIXED_SECONDS_TARGET:g} s = {seconds(allowed)}",
                ours.seconds <= allowed,
            ),
            Row(
                f"peak memory of the full refresh, {marks}",
                megabytes(ours.peak_bytes),
                megabytes(other.peak_bytes),
                f"{ours.peak_bytes / other.peak_bytes:.0%}",
                f"at most {megabytes(MEMORY_TARGET)} at 1,000,000 marks",
                ours.peak_bytes <= MEMORY_TARGET,
            ),
        ]
        notes = ["The home has been used before: its dbt project is parsed, and its unit tests have passed."]
        notes += [f"{', '.join(map(str, series.values()))}; stages of the last refresh: {self._stages()}"]
        return rows, [*notes, f"The baseline leaves out {LEFT_OUT}.", *self._differences()]

    def nothing_new(self) -> tuple[list[Row], list[str]]:
        """A refresh with nothing new, and the packages that it imported; rows and notes."""
        if not self._was_tried:
            self._full()
        home = self._home
        if home is None:
            raise CommandFailed("the full refresh released nothing")

        def again() -> Run:
            run = self._refresh(home)
            if not run.printed.startswith(_NOTHING_NEW):
                raise CommandFailed(f"a second refresh printed '{run.printed}', not '{_NOTHING_NEW}'")
            return run

        series = interleaved({"no-op refresh": again})["no-op refresh"]
        task = run_task(
            "imported",
            "refresh",
            "--as-of",
            self._world.as_of.isoformat(),
            environment=self._world.environment(home),
            log=self._world.log("imported"),
        )
        imported = [name for name in NOT_FOR_NOOP if name in task.printed.split()]
        verdict = f"imported {', '.join(imported)}" if imported else f"{' and '.join(NOT_FOR_NOOP)} not imported"
        row = Row(
            f"refresh with nothing new ({verdict})",
            seconds(series.seconds),
            target=f"at most {seconds(NOOP_SECONDS_TARGET)}, {' and '.join(NOT_FOR_NOOP)} not imported",
            is_met=series.seconds <= NOOP_SECONDS_TARGET and not imported,
        )
        return [row], [f"{series}, peak memory {megabytes(series.peak_bytes)}"]

    def _stages(self) -> str:
        """Seconds by stage, added up from what the refresh printed; stages that run at the same time count in full."""
        spent: defaultdict[str, float] = defaultdict(float)
        for line in self._world.log("refresh").read_text(encoding="utf-8").splitlines():
            if step := _STEP.match(line):
                spent[step["stage"]] += float(step["seconds"])
        return ", ".join(f"{stage} {seconds(value)}" for stage, value in spent.items())

    def _differences(self) -> list[str]:
        """How many tables have as many rows as in the release, and a warning for each other table."""
        assert self._home is not None
        manifest = json.loads((self._home / "touchstone.duckdb").resolve().with_name("release.json").read_text("utf-8"))
        released = {name: n for name, n in manifest["tables"].items() if name.split(".")[0] in ("star", "marts")}
        baseline = _row_counts(self._folder)
        lines = [
            f"WARNING: {name} has {released.get(name, 'no')} rows in the release,"
            f" {baseline.get(name, 'no')} in the baseline."
            for name in sorted(released | baseline)
            if released.get(name) != baseline.get(name)
        ]
        n_tables = len(released | baseline)
        n_equal = n_tables - len(lines)
        return [f"{n_equal} of {n_tables} tables of star and marts have equal numbers of rows.", *lines]


def _row_counts(folder: Path) -> dict[str, int]:
    """The number of rows of each table of the baseline."""
    run = RunFolder(folder)
    with open_database(run.candidate, run.spill, read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name in ('star', 'marts')"
        ).fetchall()
        counts = {}
        for schema, name in tables:
            ((n_rows,),) = connection.table(f"{schema}.{name}").count("*").fetchall()
            counts[f"{schema}.{name}"] = int(n_rows)
        return counts
