"""Asset checks: each source's load gate and freshness, the release gate, and the list that a release is held against.

What is checked is declared elsewhere: in sources/<id>/source.yaml, in pipelines/expectations.py and as dbt tests.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

import dagster as dg
from duckdb import DuckDBPyConnection

from pipelines.build import CheckRecord, RunFolder, accepted, open_database
from pipelines.dbt_manifest import DbtProject
from pipelines.declarations import Source
from pipelines.expectations import CheckPlan, CheckResult
from pipelines.gates import Gates
from pipelines.home import Home, TouchstoneError
from pipelines.progress import Progress
from pipelines.receive import Manifest, manifests
from pipelines.resources import RefreshSettings

POOL = "warehouse"
CANDIDATE = dg.AssetKey(["candidate"])
CONSERVATION = "records_conserved"
SUITE = "expectations"
DICTIONARY = "dictionary_complete"
FRESHNESS = "freshness"

# (gate, table, check): what has to have passed in the run that publishes.
Expected = frozenset[tuple[str, str, str]]


def run_folder(home: Home, context: dg.OpExecutionContext) -> RunFolder:
    """The folder of a run; a run that goes on where another failed goes on in its folder."""
    return RunFolder.of(home, context.run.root_run_id or context.run_id)


def lines(evaluation: dg.AssetCheckEvaluation) -> list[str]:
    """What a failed check tells the person who must act, a line for each thing to mend."""
    return (evaluation.description or evaluation.check_name).splitlines()


def outcome(record: CheckRecord, asset: dg.AssetKey, gate_stops: bool = True) -> dg.AssetCheckResult:
    """A record as Dagster shows it; with `gate_stops` a failed check of severity error stops what depends on it."""
    error = gate_stops and record.severity == "error"
    told = {"observed": record.observed, "expected": record.expected}
    return dg.AssetCheckResult(
        passed=record.passed,
        asset_key=asset,
        check_name=record.name,
        severity=dg.AssetCheckSeverity.ERROR if error else dg.AssetCheckSeverity.WARN,
        description=record.line,
        metadata={name: value for name, value in told.items() if value is not None},
    )


def suite_outcome(records: list[CheckRecord], asset: dg.AssetKey) -> dg.AssetCheckResult:
    """All expectations of one table as Dagster shows them: one check, as severe as the worst that failed."""
    failed = [record for record in records if not record.passed]
    errors = [record for record in failed if record.severity == "error"]
    columns = ("name", "passed", "severity", "observed", "expected")
    table = [
        dg.TableRecord({column: "" if (value := getattr(record, column)) is None else value for column in columns})
        for record in records
    ]
    schema = dg.TableSchema([dg.TableColumn(column, "bool" if column == "passed" else "string") for column in columns])
    return dg.AssetCheckResult(
        passed=not failed,
        asset_key=asset,
        check_name=SUITE,
        severity=dg.AssetCheckSeverity.ERROR if errors else dg.AssetCheckSeverity.WARN,
        description="\n".join(record.line or record.name for record in errors or failed) or None,
        metadata={"expectations": dg.MetadataValue.table(table, schema)},
    )


def lake_key(source: Source, entity: str) -> dg.AssetKey:
    """The asset of an entity's lake files."""
    return dg.AssetKey(["lake", source.id, entity])


def _lake_asset(source: Source, plan: CheckPlan) -> dg.AssetKey:
    """The asset that a load-gate check is shown on; what is asked of whole deliveries stands with their records."""
    return lake_key(source, plan.table if plan.table in source.entities else source.record_entity)


def load_gate_name(source: Source) -> str:
    """The name of a source's load gate as a step and among a run's records."""
    return f"load_gate_{source.id}"


def load_gate(source: Source, plans: list[CheckPlan]) -> dg.AssetChecksDefinition:
    """The source's load gate as one step: the conservation identity, and per table a suite of what is declared of it.

    A check for each of some four hundred expectations would make Dagster write a thousand more events a night.
    """
    suites: dict[dg.AssetKey, list[CheckPlan]] = {}
    for plan in plans:
        suites.setdefault(_lake_asset(source, plan), []).append(plan)
    specs = [
        dg.AssetCheckSpec(
            CONSERVATION,
            asset=lake_key(source, source.record_entity),
            description="Each delivery's records = loaded + quarantined + skipped, counted again in the files written",
            blocking=True,
        ),
        *(
            dg.AssetCheckSpec(
                SUITE,
                asset=asset,
                description="\n".join(f"- {plan.name} ({plan.severity}): {_told(plan)}" for plan in suite),
                # What a check of severity `warn` found stops nothing: its result says so.
                blocking=any(plan.severity == "error" for plan in suite),
            )
            for asset, suite in suites.items()
        ),
    ]

    @dg.multi_asset_check(
        name=load_gate_name(source), specs=specs, description=f"Load gate of {source.title.zh} ({source.title.en})"
    )
    def check(
        context: dg.AssetCheckExecutionContext,
        home: dg.ResourceParam[Home],
        settings: RefreshSettings,
        gates: dg.ResourceParam[Gates],
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.AssetCheckResult]:
        folder = run_folder(home, context.op_execution_context)
        deliveries = manifests(home, source.id)
        with progress.step("gate", source.id) as step:
            records = [conservation(home, source, deliveries)]
            if accepted(deliveries):
                results = gates.load(home, folder, source, deliveries, settings.as_of_date())
                records += _records(load_gate_name(source), source, plans, results)
            else:
                records += [_without_delivery(source, plan) for plan in plans]
            folder.record(load_gate_name(source), records, accepted(deliveries))
            failed = [record for record in records if not record.passed]
            if failed or accepted(deliveries):
                step.report(f"{len(records) - len(failed)} of {len(records)} checks passed")
        yield outcome(records[0], lake_key(source, source.record_entity))
        by_name = {record.name: record for record in records[1:]}
        for asset, suite in suites.items():
            yield suite_outcome([by_name[plan.name] for plan in suite], asset)

    return check


def conservation(home: Home, source: Source, deliveries: Iterable[Manifest]) -> CheckRecord:
    """Whether every accepted delivery's records are all loaded, quarantined or skipped, by the files themselves."""
    import pyarrow.parquet as pq

    broken: list[str] = []
    n_records = 0
    for manifest in deliveries:
        if manifest.state not in ("loaded", "quarantined"):
            continue
        counts = {
            entity: pq.read_metadata(path).num_rows if path.exists() else 0
            for entity in source.entities
            for path in [home.lake(source.id, entity) / f"{manifest.sha256}.parquet"]
        }
        quarantine = home.quarantine(source.id) / f"{manifest.sha256}.parquet"
        n_quarantined = pq.read_metadata(quarantine).num_rows if quarantine.exists() else 0
        n_loaded = counts[source.record_entity]
        n_records += manifest.n_records or 0
        conserved = manifest.n_records == n_loaded + n_quarantined + (manifest.n_skipped or 0)
        as_stated = n_loaded == manifest.n_loaded and n_quarantined == manifest.n_quarantined
        complete = all(counts[entity] == manifest.rows.get(entity, 0) for entity in source.entities)
        if not (conserved and as_stated and complete):
            broken.append(
                f"{manifest.original_name}: {manifest.n_records} records, but the files hold {n_loaded} loaded and"
                f" {n_quarantined} quarantined, with {manifest.n_skipped} skipped"
            )
    return CheckRecord(
        gate="load",
        source_id=source.id,
        table=f"lake.{source.id}__{source.record_entity}",
        name=CONSERVATION,
        severity="error",
        passed=not broken,
        observed=f"{n_records} records, {len(broken)} deliveries out of balance",
        expected="records = loaded + quarantined + skipped in each delivery",
        line=f"load gate {source.id}: {CONSERVATION}: {broken[0]}; run `touchstone refresh --full --source {source.id}`"
        if broken
        else None,
    )


def _records(gate: str, source: Source | None, plans: list[CheckPlan], results: list[CheckResult]) -> list[CheckRecord]:
    """The outcome of every plan, in their order. Raises TouchstoneError when one was not judged."""
    by_name = {result.plan.name: result for result in results}
    missing = [plan.name for plan in plans if plan.name not in by_name]
    if missing:
        raise TouchstoneError(f"{gate}: check {missing[0]} was not judged; a check that cannot run fails")
    return [
        CheckRecord(
            gate=plan.gate,
            source_id=source.id if source else None,
            table=f"lake.{source.id}__{plan.table}" if source else plan.table,
            name=plan.name,
            severity=plan.severity,
            passed=result.passed,
            observed=result.observed,
            expected=result.expected,
            line=None if result.passed else result.line,
        )
        for plan in plans
        for result in [by_name[plan.name]]
    ]


def _told(plan: CheckPlan) -> str:
    return f"{plan.description}. {plan.reason}"


def _without_delivery(source: Source, plan: CheckPlan) -> CheckRecord:
    table = f"lake.{source.id}__{plan.table}"
    return CheckRecord(plan.gate, source.id, table, plan.name, plan.severity, passed=True, observed="no delivery")


def freshness(sources: Mapping[str, Source]) -> dg.AssetChecksDefinition:
    """Whether each source's newest delivery is as recent as declared; told, never a reason to withhold a release.

    The age is that of the delivery, so Dagster's own freshness of the asset, which every night's run renews, would
    say nothing.
    """
    specs = [
        dg.AssetCheckSpec(
            FRESHNESS,
            asset=dg.AssetKey(["deliveries", source.id]),
            description=f"A delivery within {source.freshness_hours} hours. {source.freshness_reason}",
        )
        for source in sources.values()
    ]

    @dg.multi_asset_check(name=FRESHNESS, specs=specs, can_subset=True)
    def check(context: dg.AssetCheckExecutionContext, home: dg.ResourceParam[Home]) -> Iterator[dg.AssetCheckResult]:
        for key in sorted(context.selected_asset_check_keys):
            yield age_of_newest(home, sources[key.asset_key.path[-1]])

    return check


def age_of_newest(home: Home, source: Source) -> dg.AssetCheckResult:
    """Whether the newest delivery that was not refused is within the declared hours."""
    newest = max((m.received_at for m in manifests(home, source.id) if m.state != "refused"), default=None)
    age = None if newest is None else (datetime.now(UTC) - newest).total_seconds() / 3600
    return dg.AssetCheckResult(
        passed=age is not None and age <= source.freshness_hours,
        asset_key=dg.AssetKey(["deliveries", source.id]),
        check_name=FRESHNESS,
        severity=dg.AssetCheckSeverity.WARN,
        description="No delivery yet" if age is None else f"Newest delivery {age:.0f} hours ago",
        metadata={"newest": newest.isoformat() if newest else "none", "limit_hours": source.freshness_hours},
    )


def release_gate(plans: list[CheckPlan]) -> dg.AssetChecksDefinition:
    """The release gate on the candidate: its dictionary is complete, and every planned expectation."""
    specs = [
        dg.AssetCheckSpec(
            DICTIONARY,
            asset=CANDIDATE,
            description="Every table and column has its meaning in Chinese and English",
            blocking=True,
        ),
        *(
            dg.AssetCheckSpec(plan.name, asset=CANDIDATE, description=_told(plan), blocking=plan.severity == "error")
            for plan in plans
        ),
    ]

    @dg.multi_asset_check(name="release_gate", specs=specs, description="Release gate on the candidate", pool=POOL)
    def check(
        context: dg.AssetCheckExecutionContext,
        home: dg.ResourceParam[Home],
        gates: dg.ResourceParam[Gates],
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.AssetCheckResult]:
        folder = run_folder(home, context.op_execution_context)
        if not folder.candidate.exists():
            raise TouchstoneError(
                f"{folder.candidate}: not built in this run; materialise all, or run `touchstone refresh`"
            )
        with progress.step("gate", "release") as step:
            with open_database(folder.candidate, folder.spill, read_only=True) as connection:
                records = [_dictionary_complete(connection)]
            records += _records("release_gate", None, plans, gates.release(home, folder))
            folder.record("release_gate", records)
            n_passed = sum(record.passed for record in records)
            step.report(f"{n_passed} of {len(records)} checks passed")
        for record in records:
            yield outcome(record, CANDIDATE)

    return check


def _dictionary_complete(connection: DuckDBPyConnection) -> CheckRecord:
    from pipelines.candidate import undocumented

    places = undocumented(connection)
    return CheckRecord(
        gate="release",
        source_id=None,
        table="meta.columns",
        name=DICTIONARY,
        severity="error",
        passed=not places,
        observed=f"{len(places)} tables or columns without a meaning in both languages",
        expected="0",
        line=f"release gate: {DICTIONARY}: {', '.join(places[:5])}: no meaning in both languages; describe it as"
        " `中文 | English` in its yml"
        if places
        else None,
    )


def expected_checks(
    project: DbtProject,
    load_plans: Mapping[str, list[CheckPlan]],
    sources: Mapping[str, Source],
    release_plans: list[CheckPlan],
) -> Expected:
    """Every check that must have been judged, and have passed unless it only warns, before a release."""
    load = {
        ("load", f"lake.{source.id}__{entity}", name)
        for source in sources.values()
        for entity, name in [
            (source.record_entity, CONSERVATION),
            *((plan.table, plan.name) for plan in load_plans[source.id]),
        ]
    }
    build = {("build", project.relation(test), test.name) for test in project.tests.values()}
    release = {("release", "meta.columns", DICTIONARY), *(("release", plan.table, plan.name) for plan in release_plans)}
    return frozenset(load | build | release)


def refuse_unless_gated(home: Home, folder: RunFolder, sources: Mapping[str, Source], expected: Expected) -> None:
    """Raise TouchstoneError unless every expected check was judged in this run, on this build's deliveries, and passed.

    The graph already stops at a failing gate. This also covers a run of selected assets, a check left out of a
    selection, and a delivery parsed between the gate and the build.
    """
    records = {(record.gate, record.table, record.name): record for record in folder.recorded()}
    missing = expected - records.keys()
    if missing:
        gate, table, name = min(missing)
        raise TouchstoneError(
            f"{folder.root}: {len(missing)} checks were not run, first {gate} {table} {name}; nothing is published:"
            " materialise all with their checks, or run `touchstone refresh`"
        )
    failed = [record for record in records.values() if not record.passed and record.severity == "error"]
    if failed:
        raise TouchstoneError(f"{folder.root}: {failed[0].line or failed[0].name}; nothing is published")
    deliveries = folder.inputs().deliveries
    for source in sources.values():
        if folder.judged(load_gate_name(source)) != deliveries.get(source.id, []):
            raise TouchstoneError(
                f"{folder.root}: deliveries of {source.id} changed after its load gate; run `touchstone refresh`"
            )
