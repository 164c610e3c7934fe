"""A world of names, resolved by the pipeline's own models."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.identity.lake import write_world
from benchmarks.identity.names import name_world
from benchmarks.measure import processor_seconds
from pipelines.build.dbt import NodeResult, run_models
from pipelines.build.dbt_project import DbtProject
from pipelines.build.dbt_runner import import_dbt
from pipelines.build.parsed_project import load_project
from pipelines.state.home import Home
from pipelines.state.run_folder import RunFolder

AS_OF = date(2024, 5, 16)
# The models of identity are these and the models between them and the result.
FIRST_MODELS = ("int_name_places", "int_enterprise_decisions", "int_enterprise_mentions", "int_enterprise_aliases")


@dataclass(frozen=True)
class Resolved:
    """The result for a world: its run folder, its mentions with their keys, dbt's results, and times.

    `key_seconds` is the processor time of the name keys. `before_seconds` is the wall time of what identity builds on,
    such as the regions of every address. `seconds` (wall) and `cpu_seconds` (processor) are those of the models of
    identity, with the start of dbt.
    """

    folder: RunFolder
    mentions: pl.DataFrame
    key_seconds: float
    before_seconds: float
    seconds: float
    cpu_seconds: float
    results: list[NodeResult]


def resolve(n_names: int, seed: int, scratch: Path, last: str) -> Resolved:
    """Resolve a world of so many mentions with the pipeline's models, up to the model named."""
    home = Home(scratch / "home")
    folder = RunFolder.of(home, f"names-{n_names}-{seed}")
    mentions, key_seconds = write_world(name_world(n_names, seed), home, folder)
    project = load_project(home)
    models = _identity_models(project, last)
    import_dbt()
    started = time.perf_counter()
    run_models(project, home, folder, AS_OF, [f"+{last}"], models)
    before_seconds = time.perf_counter() - started
    started, cpu_before = time.perf_counter(), processor_seconds()
    results = run_models(project, home, folder, AS_OF, models)
    seconds, cpu_seconds = time.perf_counter() - started, processor_seconds() - cpu_before
    return Resolved(folder, mentions, key_seconds, before_seconds, seconds, cpu_seconds, results)


def _identity_models(project: DbtProject, last: str) -> list[str]:
    """The models from FIRST_MODELS to the one named, in the order of their dependencies."""
    needed = {unique_id for unique_id, table in project.tables.items() if table.name == last}
    for unique_id in reversed(list(project.tables)):
        if unique_id in needed:
            needed.update(project.tables[unique_id].upstream)
    models: dict[str, str] = {}
    for unique_id, table in project.tables.items():
        is_of_identity = table.name in FIRST_MODELS or not models.keys().isdisjoint(table.upstream)
        if is_of_identity and unique_id in needed:
            models[unique_id] = table.name
    return list(models.values())
