"""Assets of the dbt models: each with its tests as checks, built by one dbt run."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.build import dbt
from pipelines.build.dbt import NodeResult
from pipelines.build.dbt_project import DbtProject, DbtTable, DbtTest
from pipelines.errors import GateRefused, TouchstoneError, first_paragraph
from pipelines.orchestration.checks import outcome
from pipelines.orchestration.keys import INPUTS, MODELS, OWNERS, POOL, model_key, run_folder, tested
from pipelines.orchestration.progress import Progress
from pipelines.state.database import open_database, quoted
from pipelines.state.home import Home
from pipelines.state.run_folder import CheckRecord, RunFolder

_BROKEN = ("error", "runtime error")


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
        folder.save_checks("build", records.values())
        yield from _materialised(project, folder, results)
        if all(result.status == "success" for result in results if result.unique_id in project.tables):
            yield dg.MaterializeResult(asset_key=MODELS, metadata={"models": len(project.tables)})
        for unique_id, record in records.items():
            yield outcome(record, tested(project.tests[unique_id], project))
        broken = [result for result in results if result.status in _BROKEN]
        if broken:
            raise TouchstoneError(
                "; ".join(
                    f"{_place(project, result.unique_id)}: {first_paragraph(result.message)}" for result in broken[:3]
                )
            )
        failed = [record.name for record in records.values() if not record.passed and record.severity == "error"]
        if failed:
            # What was skipped because of them has no result, which Dagster would report as an error of this step.
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
            column_types = columns.get((table.database, table.schema, table.name), [])
            metadata: dict[str, Any] = {
                "seconds": round(seconds[unique_id], 3),
                "dagster/column_schema": dg.TableSchema(
                    columns=[
                        dg.TableColumn(name, kind, description=meanings.get(name) or None)
                        for name, kind in column_types
                    ]
                ),
            }
            if table.materialized != "view":
                relation = ".".join(map(quoted, (table.database, table.schema, table.name)))
                counted = connection.execute(f"select count(*) from {relation}").fetchall()
                metadata["dagster/row_count"] = int(counted[0][0])
            yield dg.MaterializeResult(asset_key=model_key(table), metadata=metadata)


def test_record(test: DbtTest, project: DbtProject, result: NodeResult, folder: RunFolder) -> CheckRecord:
    """What a dbt test found, as a record of the gate; a test that could not run has failed, whatever its severity."""
    relation = project.relation(test)
    passed = result.status == "pass"
    broken = result.status in _BROKEN
    message = first_paragraph(result.message) if result.message else result.status
    return CheckRecord(
        gate="build",
        source_id=None,
        table=relation,
        name=test.name,
        severity="error" if broken else test.severity,
        passed=passed,
        observed=message if not passed else "0 failing rows",
        expected="no failing row",
        line=None
        if passed
        else f"dbt test {test.name} on {relation}: {message}; report it to the maintainers of"
        f" dbt_project/{test.path}; {folder.root} has what was built",
    )


def _place(project: DbtProject, unique_id: str) -> str:
    node = project.tables.get(unique_id) or project.tests.get(unique_id)
    return f"dbt_project/{node.path}" if node else unique_id
