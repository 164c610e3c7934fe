"""The code location: the one place where assets, checks, jobs, schedules, sensors and resources are put together.

`dg dev` reads `defs`; `touchstone refresh` and tests assemble their own with another home or progress.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from pipelines.build.parsed_project import load_project
from pipelines.contract.declarations import Source
from pipelines.contract.loading import load_sources
from pipelines.errors import UsageError
from pipelines.gates import verdicts
from pipelines.gates.load_gate import load_plans
from pipelines.gates.overrides import overridable_checks
from pipelines.gates.process import Gates
from pipelines.gates.release_gate import release_plans
from pipelines.orchestration import checks
from pipelines.orchestration.assets import build, lake, models, receiving, release
from pipelines.orchestration.jobs import backfill_remote, nightly_refresh
from pipelines.orchestration.progress import Progress, SilentProgress
from pipelines.orchestration.resources import RefreshSettings, locked_home, subprocess_gates
from pipelines.orchestration.schedules import nightly_schedule
from pipelines.orchestration.sensors import landing_sensor
from pipelines.receiving.addresses import refuse_unknown_sources, remotes
from pipelines.state.home import BUSINESS_TIMEZONE, DBT_PROJECT_DIR, Home, business_today


def assemble(
    home: Home,
    progress: Progress | None = None,
    gates: Gates | None = None,
    sources: Mapping[str, Source] | None = None,
    project_dir: Path = DBT_PROJECT_DIR,
    loggers: Mapping[str, dg.LoggerDefinition] | None = None,
) -> dg.Definitions:
    """Every definition of the code location, over a home.

    Raises UsageError naming the file when a declaration or the dbt project cannot be used.
    """
    sources = load_sources() if sources is None else sources
    project = load_project(home, project_dir)
    for table in project.sources.values():
        entity = table.entity
        if entity is not None and (entity[0] not in sources or entity[1] not in sources[entity[0]].entities):
            raise UsageError(f"{project_dir}: {table.unique_id}: no source declares {'/'.join(entity)}")
    refuse_unknown_sources(home, sources)
    dated = {
        source_id: first
        for source_id, source in sources.items()
        for first in [min((r.since for r in remotes(home, source) if r.is_dated and r.since), default=None)]
        if first is not None
    }
    # The last partition is the day going on, on which offices already publish.
    days = dg.DailyPartitionsDefinition(
        min(dated.values(), default=business_today()).isoformat(), timezone=str(BUSINESS_TIMEZONE), end_offset=1
    )
    of_load = {source_id: load_plans(source) for source_id, source in sources.items()}
    of_release = release_plans(project)
    overridable = overridable_checks(sources.values())
    expected = verdicts.expected_checks(project, of_load, sources, of_release)
    return dg.Definitions(
        assets=[
            *(receiving.remote(sources[source_id], days) for source_id in dated),
            *(receiving.deliveries(source, source.id in dated) for source in sources.values()),
            *(lake.lake(source) for source in sources.values()),
            build.build_inputs(sources),
            models.models(project, project_dir),
            build.candidate(project, sources),
            release.release(sources, expected),
        ],
        asset_checks=[
            checks.freshness(sources),
            *(checks.load_gate(source, of_load[source_id], overridable) for source_id, source in sources.items()),
            checks.release_gate(of_release, project, overridable),
        ],
        jobs=[nightly_refresh, *([backfill_remote] if dated else [])],
        schedules=[nightly_schedule],
        sensors=[landing_sensor(home, sources)],
        resources={
            "home": locked_home(home),
            "settings": RefreshSettings(),
            "gates": subprocess_gates(home) if gates is None else dg.ResourceDefinition.hardcoded_resource(gates),
            "progress": dg.ResourceDefinition.hardcoded_resource(progress or SilentProgress()),
        },
        # A process per step would cost minutes a night; the heavy work is in DuckDB's and polars' own threads.
        executor=dg.in_process_executor,
        loggers=loggers,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The code location over the home of the environment."""
    return assemble(Home.from_environment())
