"""The work database of a run: the lake as views and the declared identities, from which dbt reads."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.contract.declarations import Source
from pipelines.lake.decisions import create_decision_tables
from pipelines.lake.views import create_lake
from pipelines.receiving.manifest import Manifest
from pipelines.state.database import open_database
from pipelines.state.home import Home
from pipelines.state.run_folder import RunFolder


def create_work_database(
    home: Home,
    folder: RunFolder,
    sources: Mapping[str, Source],
    manifests: Mapping[str, list[Manifest]],
) -> None:
    """Make the run's work database, which dbt reads, with the lake of every source and what is declared about identity.

    Whatever an earlier attempt of this run left is removed: a build starts from fresh files.
    """
    for path in (folder.work, folder.candidate):
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".wal").unlink(missing_ok=True)
    with open_database(folder.work, folder.spill) as connection:
        create_lake(connection, home, sources, manifests)
        create_decision_tables(connection, home)
