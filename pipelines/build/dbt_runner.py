"""dbt's commands in this process: its environment, and what it leaves open."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.state.database import memory_limit, threads
from pipelines.state.home import Home
from pipelines.state.run_folder import RunFolder

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg


def import_dbt() -> None:
    """Import dbt, its DuckDB adapter and nothing else; for a thread that does so while others read files."""
    _switch_telemetry_off()
    for module in ("dbt.adapters.duckdb", "dbt.cli.main", "dbt.task.build"):
        import_module(module)


def invoke(
    home: Home,
    project_dir: Path,
    folder: RunFolder,
    arguments: list[str],
    manifest: Manifest | None = None,
    on_event: Callable[[EventMsg], None] | None = None,
) -> Any:
    """Run one dbt command, given as its arguments, over the run's folder; returns dbt's own outcome."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    command, *rest = arguments
    options = ["--project-dir", str(project_dir), "--profiles-dir", str(project_dir)]
    quiet = ["--quiet", "--no-use-colors", "--log-level", "none", "--log-level-file", "info"]
    log = ["--log-path", str(home.dbt / "logs"), "--no-send-anonymous-usage-stats"]
    with _environment(home, folder):
        try:
            runner = dbtRunner(manifest=manifest, callbacks=[on_event] if on_event else [])
            return runner.invoke([*quiet, *log, "--no-partial-parse", command, *options, *rest])
        finally:
            # The adapter keeps its files open in this process, where the next step opens them with other settings.
            environment = DuckDBConnectionManager._ENV
            if environment is not None:
                environment.close()
                DuckDBConnectionManager.close_all_connections()


@contextmanager
def _environment(home: Home, folder: RunFolder) -> Iterator[None]:
    """What profiles.yml reads from the environment."""
    given = {
        "TOUCHSTONE_HOME": str(home.root),
        "TOUCHSTONE_CANDIDATE": str(folder.candidate),
        "TOUCHSTONE_WORK": str(folder.work),
        "TOUCHSTONE_TEMP": str(folder.spill),
        "TOUCHSTONE_MEMORY_LIMIT": memory_limit(),
        "TOUCHSTONE_THREADS": str(threads()),
    }
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _switch_telemetry_off() -> None:
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
