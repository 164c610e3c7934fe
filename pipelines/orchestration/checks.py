"""Asset checks: each source's load gate and freshness, the release gate, and the list that a release is held against.

What is checked is declared elsewhere: in sources/<id>/source.yaml, in pipelines/gates and as dbt tests.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

import dagster as dg
from duckdb import DuckDBPyConnection

from pipelines.build.dbt_project import DbtProject
from pipelines.contract.declarations import Source
from pipelines.errors import TouchstoneError
from pipelines.gates.check import CheckPlan
from pipelines.gates.process import Gates
from pipelines.gates.verdicts import (
    CONSERVATION,
    DICTIONARY,
    conservation,
    gate_records,
    load_gate_name,
    without_delivery,
)
from pipelines.orchestration.keys import CANDIDATE, FRESHNESS, POOL, SUITE, lake_key, run_folder
from pipelines.orchestration.progress import Progress
from pipelines.orchestration.resources import RefreshSettings
from pipelines.receiving.manifest import accepted, manifests
from pipelines.state.database import open_database
from pipelines.state.home import Home
from pipelines.state.run_folder import CheckRecord


def lines(evaluation: dg.AssetCheckEvaluation) -> list[str]:
    """The lines of a failed check for the person who must act, one for each thing to correct."""
    return (evaluation.description or evaluation.check_name).splitlines()


def outcome(record: CheckRecord, asset: dg.AssetKey) -> dg.AssetCheckResult:
    """A record as Dagster shows it: a failure that is overridden or only warns stops nothing."""
    stops = record.severity == "error" and record.override_reason is None
    values = {"observed": record.observed, "expected": record.expected, "overridden": record.override_reason}
    return dg.AssetCheckResult(
        passed=record.passed,
        asset_key=asset,
        check_name=record.name,
        severity=dg.AssetCheckSeverity.ERROR if stops else dg.AssetCheckSeverity.WARN,
        description=record.line,
        metadata={name: value for name, value in values.items() if value is not None},
    )


def suite_outcome(records: list[CheckRecord], asset: dg.AssetKey) -> dg.AssetCheckResult:
    """All expectations of one table as Dagster shows them: one check, as severe as the worst that failed."""
    failed = [record for record in records if not record.passed]
    errors = [record for record in failed if record.stops_release]
    columns = ("name", "passed", "severity", "observed", "expected", "override_reason")
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


def _lake_asset(source: Source, plan: CheckPlan) -> dg.AssetKey:
    """The asset that a load-gate check is shown on; a check of complete deliveries is shown with their records."""
    return lake_key(source, plan.table if plan.table in source.entities else source.record_entity)


def load_gate(source: Source, plans: list[CheckPlan], overridable: Collection[str]) -> dg.AssetChecksDefinition:
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
                description="\n".join(f"- {plan.name} ({plan.severity}): {_description(plan)}" for plan in suite),
                # A failed check of severity `warn` stops nothing: its result shows that.
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
        overrides = settings.accepted_overrides(overridable)
        deliveries = manifests(home, source.id)
        with progress.step("gate", source.id) as step:
            records = [conservation(home, source, deliveries)]
            if accepted(deliveries):
                results = gates.load(home, folder, source, deliveries, settings.as_of_date())
                records += gate_records(load_gate_name(source), source, plans, results, overrides)
            else:
                records += [without_delivery(source, plan) for plan in plans]
            folder.save_checks(load_gate_name(source), records, accepted(deliveries))
            if accepted(deliveries) or not all(record.passed for record in records):
                step.report(_summary(records))
        yield outcome(records[0], lake_key(source, source.record_entity))
        by_name = {record.name: record for record in records[1:]}
        for asset, suite in suites.items():
            yield suite_outcome([by_name[plan.name] for plan in suite], asset)

    return check


def _description(plan: CheckPlan) -> str:
    return f"{plan.description}. {plan.reason}"


def freshness(sources: Mapping[str, Source]) -> dg.AssetChecksDefinition:
    """Whether each source's newest delivery is as recent as declared; shown, never a reason to withhold a release.

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


def _summary(records: list[CheckRecord]) -> str:
    n_overridden = sum(record.override_reason is not None for record in records)
    passed = f"{sum(record.passed for record in records)} of {len(records)} checks passed"
    return f"{passed}, {n_overridden} overridden" if n_overridden else passed


def release_gate(plans: list[CheckPlan], project: DbtProject, overridable: Collection[str]) -> dg.AssetChecksDefinition:
    """The release gate on the candidate: its dictionary is complete, and every planned expectation."""
    specs = [
        dg.AssetCheckSpec(
            DICTIONARY,
            asset=CANDIDATE,
            description="Every table and column has its meaning in Chinese and English",
            blocking=True,
        ),
        *(
            dg.AssetCheckSpec(
                plan.name, asset=CANDIDATE, description=_description(plan), blocking=plan.severity == "error"
            )
            for plan in plans
        ),
    ]

    @dg.multi_asset_check(name="release_gate", specs=specs, description="Release gate on the candidate", pool=POOL)
    def check(
        context: dg.AssetCheckExecutionContext,
        home: dg.ResourceParam[Home],
        settings: RefreshSettings,
        gates: dg.ResourceParam[Gates],
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.AssetCheckResult]:
        folder = run_folder(home, context.op_execution_context)
        overrides = settings.accepted_overrides(overridable)
        if not folder.candidate.exists():
            raise TouchstoneError(
                f"{folder.candidate}: not built in this run; materialise all, or run `touchstone refresh`"
            )
        with progress.step("gate", "release") as step:
            with open_database(folder.candidate, folder.spill, read_only=True) as connection:
                records = [_dictionary_complete(connection)]
            records += gate_records("release_gate", None, plans, gates.release(home, folder, project), overrides)
            folder.save_checks("release_gate", records)
            step.report(_summary(records))
        for record in records:
            yield outcome(record, CANDIDATE)

    return check


def _dictionary_complete(connection: DuckDBPyConnection) -> CheckRecord:
    from pipelines.build.dictionary import undocumented

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
        line=f"release gate: {DICTIONARY}: {', '.join(places[:5])}: no meaning in both languages; report it to"
        " the maintainers of dbt_project/models, who describe it as `中文 | English` in its yml"
        if places
        else None,
    )
