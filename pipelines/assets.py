"""The assets, from deliveries to the release; made from the declarations of the sources and from the dbt project.

What an asset does is written elsewhere (receive, parse, dbt, candidate, publish); here it is named, ordered and told.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines import candidate as completion
from pipelines import dbt
from pipelines import fetch as fetching
from pipelines.build import (
    BuildInputs,
    CheckRecord,
    RunFolder,
    accepted,
    create_work_database,
    inputs_hash,
    open_database,
)
from pipelines.checks import CANDIDATE, POOL, Expected, lake_key, outcome, refuse_unless_gated, run_folder
from pipelines.corrections import refuse_outdated
from pipelines.dbt import NodeResult
from pipelines.dbt_manifest import WHOLE_PROJECT, DbtProject, DbtTable, DbtTest
from pipelines.declarations import Source
from pipelines.fetch import Fetched
from pipelines.fingerprint import quoted
from pipelines.gates import Gates
from pipelines.home import GateRefused, Home, TouchstoneError
from pipelines.jobs import REMOTE_GROUP
from pipelines.parse import parse_deliveries
from pipelines.progress import Progress
from pipelines.publish import current_release
from pipelines.publish import publish as publish_candidate
from pipelines.receive import Manifest, manifests
from pipelines.receive import receive as receive_landed
from pipelines.resources import RefreshSettings

OWNERS = ["team:data-engineering"]
INPUTS = dg.AssetKey(["build_inputs"])
MODELS = dg.AssetKey([WHOLE_PROJECT])
RELEASE = dg.AssetKey(["release"])

# Files come over a network or from a drive that may be away for a moment. Parsing, gates and dbt give the same answer
# however often they are asked.
RECEIVE_RETRIES = dg.RetryPolicy(max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)

_KINDS_OF_SUFFIX = {"xml": "xml", "csv": "csv", "xlsx": "excel", "json": "json", "zip": "zip"}
_MAX_KINDS = 3
KEPT_HISTORY = 60
_BROKEN = ("error", "runtime error")


def deliveries(source: Source, is_fetched_by_day: bool = False) -> dg.AssetsDefinition:
    """What was received from a source, as received; `is_fetched_by_day` where there is an asset `remote` of it."""
    suffixes = [part for pattern in source.delivery.patterns for part in pattern.lower().split(".")]
    kinds = list(dict.fromkeys(_KINDS_OF_SUFFIX[suffix] for suffix in suffixes if suffix in _KINDS_OF_SUFFIX))

    @dg.asset(
        key=["deliveries", source.id],
        deps=[remote_key(source)] if is_fetched_by_day else [],
        group_name="receive",
        description=f"{source.title.zh} | {source.title.en}. {source.publisher}; {source.cadence}.",
        owners=OWNERS,
        kinds=set(kinds[:_MAX_KINDS]),
        metadata={"licence": source.licence, "home": dg.MetadataValue.url(source.home_url)},
        retry_policy=RECEIVE_RETRIES,
    )
    def receive(
        home: dg.ResourceParam[Home], settings: RefreshSettings, progress: dg.ResourceParam[Progress]
    ) -> dg.MaterializeResult[None]:
        taken: list[Manifest] = []
        failed: list[str] = []
        due = fetching.nightly(fetching.remotes(home, source), settings.as_of_date())
        if due and settings.fetch and settings.includes(source.id):
            with progress.step("fetch", source.id) as step:
                outcomes = fetching.fetch(home, source, due, step.report)
            taken += [one.manifest for one in outcomes if one.manifest is not None]
            failed += [one.line for one in outcomes if one.outcome == "failed"]
        for line in failed:
            progress.refused(line)
        if settings.includes(source.id):
            with progress.step("receive", source.id) as step:
                try:
                    landed = receive_landed(home, source, step.report)
                except TouchstoneError as error:
                    raise dg.Failure(str(error), allow_retries=False) from error
                if landed:
                    step.report(f"{len(landed)} files")
            taken += landed
        refused = {m.original_name: m.reason or "" for m in taken if m.state == "refused"}
        for name, reason in refused.items():
            progress.refused(refusal(source, name, reason))
        return dg.MaterializeResult(
            metadata={
                "files_taken": len(taken),
                "bytes_taken": sum(manifest.bytes for manifest in taken),
                "refused": refused,
                "not_fetched": failed,
                "deliveries_in_archive": len(manifests(home, source.id)),
            }
        )

    return receive


def remote(source: Source, partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """The files that a source's dated addresses have, by the day."""
    spec = dg.AssetSpec(
        remote_key(source),
        skippable=True,
        partitions_def=partitions,
        group_name=REMOTE_GROUP,
        description=f"{source.title.zh}：按日的远程文件 | {source.title.en}: the files at its addresses, by the day."
        " A day without a file stays empty.",
        owners=OWNERS,
    )

    # A range of days is one run: a process and the home's lock for each day would cost more than the files.
    @dg.multi_asset(name=f"fetch_{source.id}", specs=[spec], backfill_policy=dg.BackfillPolicy.single_run())
    def fetch_days(
        context: dg.AssetExecutionContext, home: dg.ResourceParam[Home], progress: dg.ResourceParam[Progress]
    ) -> Iterator[dg.MaterializeResult[None]]:
        days = [date.fromisoformat(day) for day in context.partition_keys]
        due = fetching.backfill(fetching.remotes(home, source), min(days), max(days))
        with progress.step("fetch", source.id) as step:
            outcomes = fetching.fetch(home, source, due, step.report)
        for event in remote_events(source, outcomes):
            context.log_event(event)
        failed = [one.line for one in outcomes if one.outcome == "failed"]
        for line in failed:
            progress.refused(line)
        if failed:
            raise dg.Failure(f"{len(failed)} of {len(outcomes)} addresses failed; first {failed[0]}")
        yield from ()

    return fetch_days


def remote_key(source: Source) -> dg.AssetKey:
    """The asset of a source's files at its dated addresses."""
    return dg.AssetKey(["remote", source.id])


def remote_events(source: Source, outcomes: Iterable[Fetched]) -> list[dg.AssetMaterialization]:
    """The days whose file is in the archive now, as Dagster shows them."""
    return [
        dg.AssetMaterialization(
            remote_key(source),
            partition=one.day.isoformat(),
            metadata={
                "url": one.url,
                "outcome": one.outcome,
                "sha256": one.manifest.sha256 if one.manifest else "as before",
            },
        )
        for one in outcomes
        if one.day is not None and one.outcome in ("received", "unchanged")
    ]


def refusal(source: Source, name: str, reason: str) -> str:
    """A refused delivery in one line."""
    return f"{source.id}: {name}: refused: {' '.join(reason.split())}"


def lake(source: Source) -> dg.AssetsDefinition:
    """A source's entities as typed Parquet, parsed by one step."""
    upstream = dg.AssetKey(["deliveries", source.id])
    specs = [
        dg.AssetSpec(
            lake_key(source, name),
            deps=[upstream],
            group_name="lake",
            description=f"{entity.meaning.zh} | {entity.meaning.en}",
            owners=OWNERS,
            kinds={"parquet", "polars"},
            metadata={"dagster/column_schema": _lake_schema(source, name), "key": ", ".join(entity.key) or "none"},
        )
        for name, entity in source.entities.items()
    ]

    @dg.multi_asset(name=f"parse_{source.id}", specs=specs)
    def parse(
        context: dg.AssetExecutionContext,
        home: dg.ResourceParam[Home],
        settings: RefreshSettings,
        gates: dg.ResourceParam[Gates],
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult[None]]:
        written = []
        if settings.includes(source.id):
            with progress.step("parse", source.id) as step:
                written = parse_deliveries(home, source, step.report, again=settings.full)
                if written:
                    step.report(f"{len(written)} deliveries", sum(manifest.n_records or 0 for manifest in written))
        refused = {m.original_name: m.reason or "" for m in written if m.state == "refused"}
        for name, reason in refused.items():
            progress.refused(refusal(source, name, reason))
        every = manifests(home, source.id)
        refuse_outdated(home, source, every)
        if accepted(every):
            gates.begin(home, run_folder(home, context.op_execution_context), source, every, settings.as_of_date())
        in_lake = [manifest for manifest in every if manifest.state == "loaded"]
        rows: Counter[str] = Counter()
        findings: Counter[str] = Counter()
        for manifest in in_lake:
            rows.update(manifest.rows)
            findings.update(manifest.findings)
        for entity in source.entities:
            metadata: dict[str, Any] = {"dagster/row_count": rows[entity], "deliveries": len(in_lake)}
            if entity == source.record_entity:
                metadata |= {
                    "parsed_now": len(written),
                    "refused": refused,
                    "quarantined_records": sum(m.n_quarantined or 0 for m in every if m.state != "refused"),
                    "skipped_records": sum(m.n_skipped or 0 for m in in_lake),
                    "findings": dict(sorted(findings.items())),
                }
            yield dg.MaterializeResult(asset_key=lake_key(source, entity), metadata=metadata)

    return parse


def _lake_schema(source: Source, entity: str) -> dg.TableSchema:
    meanings = {
        name: f"{column.zh} | {column.en}"
        for column in source.entities[entity].columns
        for name, _ in column.lake_columns
    }
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                kind,
                description=meanings.get(name),
                constraints=dg.TableColumnConstraints(nullable=name not in ("record_no", "item_no")),
            )
            for name, kind in source.lake_columns(entity)
        ]
    )


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


def model_key(table: DbtTable) -> dg.AssetKey:
    """The asset of a model or seed."""
    return dg.AssetKey([table.schema, table.name])


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
                    f"{_place(project, result.unique_id)}: {dbt.one_line(result.message)}" for result in faults[:3]
                )
            )
        failed = [record.name for record in records.values() if not record.passed and record.severity == "error"]
        if failed:
            # What was skipped for them has no result, which Dagster would take for a fault of this step.
            raise GateRefused(f"{len(failed)} dbt tests failed, first {failed[0]}")

    return build


def tested(test: DbtTest, project: DbtProject) -> dg.AssetKey:
    """The asset that a dbt test is a check of."""
    return MODELS if test.table is None else model_key(project.tables[test.table])


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
        work = str(folder.work).replace("'", "''")
        connection.execute(f"attach '{work}' as work (read_only)")
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
    found = dbt.one_line(result.message) if result.message else result.status
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
            release_id = completion.complete(home, folder, project, sources)
            step.report("audit, meta, comments")
        return dg.MaterializeResult(metadata={"release_id": release_id, "bytes": folder.candidate.stat().st_size})

    return complete


def release(sources: Mapping[str, Source], expected: Expected) -> dg.AssetsDefinition:
    """The release: what analysts read."""

    @dg.asset(
        key=RELEASE,
        deps=[CANDIDATE],
        group_name="release",
        description="发布 | The current release: one DuckDB file, Parquet files, the site, release.json.",
        owners=OWNERS,
        kinds={"duckdb", "parquet"},
        pool=POOL,
    )
    def publish(
        context: dg.AssetExecutionContext, home: dg.ResourceParam[Home], progress: dg.ResourceParam[Progress]
    ) -> dg.MaterializeResult[None]:
        folder = run_folder(home, context.op_execution_context)
        inputs = folder.inputs()
        refuse_unless_gated(home, folder, sources, expected)
        with progress.step("publish", "release") as step:
            records = folder.recorded()
            with open_database(folder.candidate, folder.spill) as connection:
                completion.add_checks(connection, [record for record in records if record.gate == "release"])
            published = publish_candidate(
                home,
                folder.candidate,
                inputs.as_of,
                inputs.inputs_hash,
                gates_summary(records),
                release_id=completion.planned_release_id(folder),
            )
            step.report(published.release_id, sum(published.tables.values()))
        folder.remove()
        return dg.MaterializeResult(
            metadata={
                "release_id": published.release_id,
                "as_of": inputs.as_of.isoformat(),
                "dagster/row_count": sum(published.tables.values()),
                "path": dg.MetadataValue.path(str(published.database)),
                "bytes": published.database.stat().st_size,
            }
        )

    return publish


def gates_summary(records: list[CheckRecord]) -> dict[str, dict[str, int]]:
    """How many checks of each gate passed, and how many only warned."""
    return {
        gate: {"passed": sum(r.passed for r in of_gate), "warned": sum(not r.passed for r in of_gate)}
        for gate in ("load", "build", "release")
        for of_gate in [[record for record in records if record.gate == gate]]
    }
