"""Asset keys, pools and names that assets, checks and jobs share."""

from __future__ import annotations

import dagster as dg

from pipelines.build.dbt_project import WHOLE_PROJECT, DbtProject, DbtTable, DbtTest
from pipelines.contract.declarations import Source
from pipelines.state.home import Home
from pipelines.state.run_folder import RunFolder

POOL = "warehouse"
CANDIDATE = dg.AssetKey(["candidate"])
SUITE = "expectations"
FRESHNESS = "freshness"


def run_folder(home: Home, context: dg.OpExecutionContext) -> RunFolder:
    """The folder of a run; a run that goes on where another failed goes on in its folder."""
    return RunFolder.of(home, context.run.root_run_id or context.run_id)


def lake_key(source: Source, entity: str) -> dg.AssetKey:
    """The asset of an entity's lake files."""
    return dg.AssetKey(["lake", source.id, entity])


OWNERS = ["team:data-engineering"]
INPUTS = dg.AssetKey(["build_inputs"])
MODELS = dg.AssetKey([WHOLE_PROJECT])
RELEASE = dg.AssetKey(["release"])


def remote_key(source: Source) -> dg.AssetKey:
    """The asset of a source's files at its dated addresses."""
    return dg.AssetKey(["remote", source.id])


def model_key(table: DbtTable) -> dg.AssetKey:
    """The asset of a model or seed."""
    return dg.AssetKey([table.schema, table.name])


def tested(test: DbtTest, project: DbtProject) -> dg.AssetKey:
    """The asset that a dbt test is a check of."""
    return MODELS if test.table is None else model_key(project.tables[test.table])
