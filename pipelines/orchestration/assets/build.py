"""Assets of the build: its inputs, the dbt models and the candidate."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.build import dbt, dictionary
from pipelines.build.dbt import NodeResult
from pipelines.build.dbt_project import DbtProject, DbtTable, DbtTest
from pipelines.build.inputs import inputs_hash
from pipelines.build.work_database import create_work_database
from pipelines.contract.declarations import Source
from pipelines.errors import GateRefused, TouchstoneError, first_paragraph
from pipelines.orchestration.checks import outcome
from pipelines.orchestration.keys import (
    CANDIDATE,
    INPUTS,
    MODELS,
    OWNERS,
    POOL,
    lake_key,
    model_key,
    run_folder,
    tested,
)
from pipelines.orchestration.progress import Progress
from pipelines.orchestration.resources import RefreshSettings
from pipelines.receiving.manifest import accepted, manifests
from pipelines.releases.release import current_release
from pipelines.state.database import open_database, quoted
from pipelines.state.home import Home
from pipelines.state.run_folder import BuildInputs, CheckRecord, RunFolder

KEPT_HISTORY = 60
_BROKEN = ("error", "runtime error")


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
        _prune_history(context.instance)
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


def _prune_history(instance: dg.DagsterInstance) -> None:
    """Keep the newest runs in Dagster's history, which takes some megabytes a run and is never pruned by itself."""
    for run in instance.get_runs(limit=2 * KEPT_HISTORY)[KEPT_HISTORY:]:
        if run.is_finished:
            instance.delete_run(run.run_id)


def models(project: DbtProject, project_dir: Path) -> dg.AssetsDefinition:
    """Every dbt model and seed, built by one dbt run, with every dbt test as a check."""
    specs = [
        *(_model_spec(table, project) for table in project.tables.values()),
        dg.AssetSpec(
            MODELS,
            deps=[model_key(table) for table in project.tables.values()],
            group_name="audit",
            description="全部模型 | All models as one: what is asked of the dbt project as a whole is checked here.",
            owners=OWNERS,
            kinds={"dbt", "duckdb"},
        ),
    ]
    check_specs = [
        dg.AssetCheckSpec(
            test.name,
            asset=tested(test, project),
            description=test.description or f"{'Unit test' if test.kind == 'unit_test' else 'Test'} in {test.path}",
            blocking=test.severity == "error",
        )
        for test in project.tests.values()
    ]

    @dg.multi_asset(name="dbt_build", specs=specs, check_specs=check_specs, pool=POOL)
    def build(
        context: dg.AssetExecutionContext, home: dg.ResourceParam[Home], progress: dg.ResourceParam[Progress]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        folder = run_folder(home, context.op_execution_context)
        inputs = folder.inputs()
        with progress.step("build", "models") as step:
            results = dbt.build(
                project,
                home,
                folder,
                inputs.as_of,
                lambda name, done, total: step.report(f"{done} of {total}: {name}"),
                project_dir,
            )
            by_status = Counter(result.status for result in results)
            step.report(", ".join(f"{count} {status}" for status, count in sorted(by_status.items())))
        records = {
            result.unique_id: test_record(project.tests[result.unique_id], project, result, folder)
            for result in results
            if result.unique_id in project.tests and result.status != "skipped"
        }
        folder.record("build", records.values())
        yield from _materialised(project, folder, results)
        if all(result.status == "success" for result in results if result.unique_id in project.tables):
            yield dg.MaterializeResult(asset_key=MODELS, metadata={"models": len(project.tables)})
        for unique_id, record in records.items():
            yield outcome(record, tested(project.tests[unique_id], project))
        faults = [result for result in results if result.status in _BROKEN]
        if faults:
            raise TouchstoneError(
                "; ".join(
                    f"{_place(project, result.unique_id)}: {first_paragraph(result.message)}" for result in faults[:3]
                )
            )
        failed = [record.name for record in records.values() if not record.passed and record.severity == "error"]
        if failed:
            # What was skipped for them has no result, which Dagster would take for a fault of this step.
            raise GateRefused(f"{len(failed)} dbt tests failed, first {failed[0]}")

    return build


def _model_spec(table: DbtTable, project: DbtProject) -> dg.AssetSpec:
    upstream: list[dg.AssetKey] = [
        model_key(project.tables[unique_id]) for unique_id in table.upstream if unique_id in project.tables
    ]
    read = [project.sources[unique_id].entity for unique_id in table.upstream if unique_id in project.sources]
    upstream += [dg.AssetKey(["lake", *entity]) for entity in read if entity is not None]
    if len(upstream) < len(table.upstream) or not any(unique_id in project.tables for unique_id in table.upstream):
        upstream.append(INPUTS)
    return dg.AssetSpec(
        model_key(table),
        deps=upstream,
        group_name=table.schema,
        description=table.description or None,
        owners=OWNERS,
        kinds={"dbt", "duckdb", "seed" if table.kind == "seed" else table.materialized},
        metadata={"path": table.path},
    )


def _materialised(
    project: DbtProject, folder: RunFolder, results: list[NodeResult]
) -> Iterator[dg.MaterializeResult[None]]:
    """Each table that was built, with its columns and, where counting costs nothing, its rows."""
    seconds = {result.unique_id: result.seconds for result in results if result.status == "success"}
    with open_database(folder.candidate, folder.spill, read_only=True) as connection:
        connection.execute("attach ? as work (read_only)", [str(folder.work)])
        columns: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
        for database, schema, name, column, kind in connection.execute(
            "select database_name, schema_name, table_name, column_name, data_type from duckdb_columns()"
            " where not internal order by table_oid, column_index"
        ).fetchall():
            columns.setdefault((database, schema, name), []).append((column, kind))
        for unique_id, table in project.tables.items():
            if unique_id not in seconds:
                continue
            meanings = {column.name: column.description for column in table.columns}
            found = columns.get((table.database, table.schema, table.name), [])
            metadata: dict[str, Any] = {
                "seconds": round(seconds[unique_id], 3),
                "dagster/column_schema": dg.TableSchema(
                    columns=[dg.TableColumn(name, kind, description=meanings.get(name) or None) for name, kind in found]
                ),
            }
            if table.materialized != "view":
                place = ".".join(map(quoted, (table.database, table.schema, table.name)))
                counted = connection.execute(f"select count(*) from {place}").fetchall()
                metadata["dagster/row_count"] = int(counted[0][0])
            yield dg.MaterializeResult(asset_key=model_key(table), metadata=metadata)


def test_record(test: DbtTest, project: DbtProject, result: NodeResult, folder: RunFolder) -> CheckRecord:
    """What a dbt test found, as a record of the gate; a test that could not run has failed, whatever its severity."""
    relation = project.relation(test)
    passed = result.status == "pass"
    broken = result.status in _BROKEN
    found = first_paragraph(result.message) if result.message else result.status
    return CheckRecord(
        gate="build",
        source_id=None,
        table=relation,
        name=test.name,
        severity="error" if broken else test.severity,
        passed=passed,
        observed=found if not passed else "0 failing rows",
        expected="no failing row",
        line=None
        if passed
        else f"dbt test {test.name} on {relation}: {found}; see {test.path}, and {folder.root} for what was built",
    )


def _place(project: DbtProject, unique_id: str) -> str:
    node = project.tables.get(unique_id) or project.tests.get(unique_id)
    return f"dbt_project/{node.path}" if node else unique_id


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
