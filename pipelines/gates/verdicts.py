"""The checks that must have passed in a run before it may publish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipelines.build.dbt_project import DbtProject
from pipelines.contract.declarations import Source
from pipelines.errors import TouchstoneError
from pipelines.gates.check import CheckPlan, CheckResult
from pipelines.gates.overrides import Overrides
from pipelines.receiving.manifest import Manifest
from pipelines.state.home import Home
from pipelines.state.run_folder import CheckRecord, RunFolder

CONSERVATION = "records_conserved"
DICTIONARY = "dictionary_complete"

# (gate, table, check): what has to have passed in the run that publishes.
Expected = frozenset[tuple[str, str, str]]


def load_gate_name(source: Source) -> str:
    """The name of a source's load gate as a step and among a run's records."""
    return f"load_gate_{source.id}"


def conservation(home: Home, source: Source, deliveries: Iterable[Manifest]) -> CheckRecord:
    """Whether the records of each accepted delivery are all loaded, quarantined or skipped, counted in the files."""
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


def gate_records(
    gate: str, source: Source | None, plans: list[CheckPlan], results: list[CheckResult], overrides: Overrides
) -> list[CheckRecord]:
    """A record per plan, in their order; an overridden failure is a failure with the reason.

    Raises TouchstoneError when a plan has no result.
    """
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
            line=None if result.passed else result.line if reason is None else result.overridden_line(reason),
            override_reason=reason,
        )
        for plan in plans
        for result in [by_name[plan.name]]
        for reason in [None if result.passed else overrides.reason_for(plan)]
    ]


def without_delivery(source: Source, plan: CheckPlan) -> CheckRecord:
    """The record of a check of a source without deliveries: passed."""
    table = f"lake.{source.id}__{plan.table}"
    return CheckRecord(plan.gate, source.id, table, plan.name, plan.severity, passed=True, observed="no delivery")


def expected_checks(
    project: DbtProject,
    load_plans: Mapping[str, list[CheckPlan]],
    sources: Mapping[str, Source],
    release_plans: list[CheckPlan],
) -> Expected:
    """Every check that must be judged before a release, and pass unless it only warns or is overridden."""
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
    records = {(record.gate, record.table, record.name): record for record in folder.checks()}
    missing = expected - records.keys()
    if missing:
        gate, table, name = min(missing)
        raise TouchstoneError(
            f"{folder.root}: {len(missing)} checks were not run, first {gate} {table} {name}; nothing is published:"
            " materialise all with their checks, or run `touchstone refresh`"
        )
    failed = [record for record in records.values() if record.stops_release]
    if failed:
        raise TouchstoneError(f"{folder.root}: {failed[0].line or failed[0].name}; nothing is published")
    deliveries = folder.inputs().deliveries
    for source in sources.values():
        if folder.judged_deliveries(load_gate_name(source)) != deliveries.get(source.id, []):
            raise TouchstoneError(
                f"{folder.root}: deliveries of {source.id} changed after its load gate; run `touchstone refresh`"
            )
