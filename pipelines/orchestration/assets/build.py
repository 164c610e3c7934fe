"""Assets before and after the dbt models: the inputs of a build, and the candidate."""

from collections.abc import Iterator, Mapping

import dagster as dg

from pipelines.build import dictionary
from pipelines.build.dbt_project import DbtProject
from pipelines.build.inputs import inputs_hash
from pipelines.build.work_database import create_work_database
from pipelines.contract.declarations import Source
from pipelines.orchestration.keys import CANDIDATE, INPUTS, MODELS, OWNERS, POOL, lake_key, run_folder
from pipelines.orchestration.progress import Progress
from pipelines.orchestration.resources import RefreshSettings
from pipelines.orchestration.run_history import prune_history
from pipelines.receiving.manifest import accepted, manifests
from pipelines.releases.release import current_release
from pipelines.state.home import Home
from pipelines.state.run_folder import BuildInputs


def build_inputs(sources: Mapping[str, Source]) -> dg.AssetsDefinition:
    """What this run builds from; nothing, and then nothing after it runs, where the current release has it all."""
    spec = dg.AssetSpec(
        INPUTS,
        deps=[lake_key(source, entity) for source in sources.values() for entity in source.entities],
        skippable=True,
        group_name="staging",
        description="构建输入 | The lake as dbt reads it, and the hash over all that a release is made from."
        " Not made when the current release has the same inputs.",
        owners=OWNERS,
        kinds={"duckdb"},
    )

    @dg.multi_asset(name="build_inputs", specs=[spec], pool=POOL)
    def prepare(
        context: dg.AssetExecutionContext,
        home: dg.ResourceParam[Home],
        settings: RefreshSettings,
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult[None]]:
        folder = run_folder(home, context.op_execution_context)
        every = {source_id: manifests(home, source_id) for source_id in sources}
        as_of = settings.as_of_date()
        digest = inputs_hash(home, as_of, sources, every)
        current = current_release(home)
        if not any(accepted(of_source) for of_source in every.values()):
            context.log.info("No delivery has been accepted yet: there is nothing to build")
            folder.remove()
            return
        if current is not None and current.inputs_hash == digest and not settings.full:
            context.log.info(f"Nothing new: release {current.release_id} is current")
            folder.remove()
            return
        prune_history(context.instance)
        with progress.step("build", "inputs") as step:
            inputs = BuildInputs(
                as_of, digest, {source_id: accepted(of_source) for source_id, of_source in every.items()}
            )
            create_work_database(home, folder, sources, every)
            folder.save_inputs(inputs)
            n_deliveries = sum(map(len, inputs.deliveries.values()))
            step.report(f"{n_deliveries} deliveries, as of {as_of}")
        yield dg.MaterializeResult(
            asset_key=INPUTS,
            metadata={"as_of": as_of.isoformat(), "inputs_hash": digest, "deliveries": n_deliveries},
        )

    return prepare


def candidate(project: DbtProject, sources: Mapping[str, Source]) -> dg.AssetsDefinition:
    """The candidate, complete with its audit and meta tables."""

    @dg.asset(
        key=CANDIDATE,
        deps=[MODELS],
        group_name="audit",
        description="候选库 | The candidate: audit.checks, audit.releases, the dictionary and every comment are added,"
        " and it is checkpointed. Nobody reads it before the release gate.",
        owners=OWNERS,
        kinds={"duckdb"},
        pool=POOL,
    )
    def complete(
        context: dg.AssetExecutionContext, home: dg.ResourceParam[Home], progress: dg.ResourceParam[Progress]
    ) -> dg.MaterializeResult[None]:
        folder = run_folder(home, context.op_execution_context)
        with progress.step("build", "dictionary") as step:
            release_id = dictionary.complete(home, folder, project, sources)
            step.report("audit, meta, comments")
        return dg.MaterializeResult(metadata={"release_id": release_id, "bytes": folder.candidate.stat().st_size})

    return complete
