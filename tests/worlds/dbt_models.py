"""The dbt project as dbt parsed it, and models of it built from hand-made deliveries without the rest of a refresh."""

from __future__ import annotations

import shutil
from datetime import date
from typing import Any

import duckdb
from filelock import FileLock

from pipelines.build.dbt import run_models
from pipelines.build.dbt_project import DbtProject
from pipelines.build.parsed_project import load_project
from pipelines.build.work_database import create_work_database
from pipelines.contract.loading import load_sources
from pipelines.receiving.manifest import manifests
from pipelines.state.home import Home
from pipelines.state.run_folder import RunFolder

AS_OF = date(2024, 5, 16)


class ParsedProject:
    """The parsed project: it depends on code alone and takes seconds to make, so all tests of a run share one.

    conftest.py sets its home, the same for all workers; without it, homes parse the project themselves.
    """

    # A home's mark that the unit tests of dbt have passed on this code; whoever finds it does not run them again.
    _PROVEN = "unit_tests_passed"

    def __init__(self) -> None:
        self.home: Home | None = None
        self._project: DbtProject | None = None

    def load(self) -> DbtProject:
        """The project; the first worker that asks has dbt parse it, and the others wait."""
        assert self.home is not None, "only tests have a parsed project"
        if self._project is None:
            self.home.root.mkdir(exist_ok=True)
            with FileLock(self.home.root / "parsing.lock"):
                self._project = load_project(self.home)
        return self._project

    def lend(self, home: Home) -> None:
        """Put it into a home that has none."""
        if self.home is not None and not home.dbt.exists():
            shutil.copytree(self.load().folder, home.dbt / self.load().folder.name)

    def learn(self, home: Home) -> None:
        """Remember for homes to come that the unit tests of dbt passed in this one."""
        if self._project is not None and (home.dbt / self._project.folder.name / self._PROVEN).exists():
            (self._project.folder / self._PROVEN).touch()


PARSED = ParsedProject()


def build_models(home: Home, *models: str, as_of: date = AS_OF) -> RunFolder:
    """The folder with the databases in which the models and all that they rest on were built from the home's lake.

    A later build of a home replaces the earlier.
    """
    folder = RunFolder.of(home, "models")
    sources = load_sources()
    create_work_database(home, folder, sources, {source_id: manifests(home, source_id) for source_id in sources})
    run_models(PARSED.load(), home, folder, as_of, [f"+{model}" for model in models])
    return folder


def rows(folder: RunFolder, sql: str) -> list[tuple[Any, ...]]:
    """What a query on the built models gives; intermediate models are `work.staging.*`."""
    with duckdb.connect(str(folder.candidate), read_only=True) as connection:
        connection.execute("attach ? as work (read_only)", [str(folder.work)])
        return connection.execute(sql).fetchall()
