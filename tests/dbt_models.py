"""Models of the dbt project built from hand-made deliveries, without the rest of a refresh."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from pipelines.build import RunFolder, create_work_database
from pipelines.declarations import load_sources
from pipelines.home import DBT_PROJECT_DIR, Home
from pipelines.receive import manifests

AS_OF = "2024-05-16"

# What dbt parsed once serves every later build of the same tests.
_TARGET = Path(tempfile.mkdtemp(prefix="touchstone-models-"))
atexit.register(shutil.rmtree, _TARGET, ignore_errors=True)


def build_models(home: Home, *models: str, as_of: str = AS_OF) -> RunFolder:
    """The folder with the databases in which the models and all that they rest on were built from the home's lake."""
    folder = RunFolder.of(home, "models")
    sources = load_sources()
    create_work_database(home, folder, sources, {source: manifests(home, source) for source in sources})
    command = [
        *(sys.executable, "-m", "dbt.cli.main", "--quiet", "--no-use-colors", "--log-path", str(folder.root / "logs")),
        *("build", "--select", *(f"+{model}" for model in models), "--exclude-resource-type", "test", "unit_test"),
        *("--project-dir", str(DBT_PROJECT_DIR), "--profiles-dir", str(DBT_PROJECT_DIR)),
        *("--target-path", str(_TARGET), "--vars", f"{{as_of: '{as_of}'}}"),
    ]
    environment = {
        **os.environ,
        "TOUCHSTONE_HOME": str(home.root),
        "TOUCHSTONE_CANDIDATE": str(folder.candidate),
        "TOUCHSTONE_WORK": str(folder.work),
        "TOUCHSTONE_TEMP": str(folder.spill),
        "DO_NOT_TRACK": "1",
    }
    built = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def rows(folder: RunFolder, sql: str) -> list[tuple[Any, ...]]:
    """What a query on the built models gives; intermediate models are `work.staging.*`."""
    with duckdb.connect(str(folder.candidate), read_only=True) as connection:
        connection.execute(f"attach '{folder.work}' as work (read_only)")
        return connection.execute(sql).fetchall()
