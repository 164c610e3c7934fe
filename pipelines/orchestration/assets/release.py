"""The release asset: a candidate that passed every gate, published."""

import getpass
import os
from collections.abc import Mapping

import dagster as dg

from pipelines.build import dictionary
from pipelines.contract.declarations import Source
from pipelines.gates.verdicts import Expected, refuse_unless_gated
from pipelines.orchestration.keys import CANDIDATE, OWNERS, POOL, RELEASE, run_folder
from pipelines.orchestration.progress import Progress
from pipelines.releases.publish import publish as publish_candidate
from pipelines.releases.release import Override
from pipelines.state.database import open_database
from pipelines.state.home import Home
from pipelines.state.run_folder import CheckRecord


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
            records = folder.checks()
            with open_database(folder.candidate, folder.spill) as connection:
                dictionary.add_checks(connection, [record for record in records if record.gate == "release"])
            published = publish_candidate(
                home,
                folder.candidate,
                inputs.as_of,
                inputs.inputs_hash,
                gates_summary(records),
                release_id=dictionary.planned_release_id(folder),
                overrides=applied_overrides(records),
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
                "overrides": [override.as_json() for override in published.overrides],
            }
        )

    return publish


def gates_summary(records: list[CheckRecord]) -> dict[str, dict[str, int]]:
    """How many checks of each gate passed, how many only warned, and how many failed and were overridden."""
    return {
        gate: {
            "passed": sum(record.passed for record in of_gate),
            "warned": sum(not record.passed and record.override_reason is None for record in of_gate),
            "overridden": sum(record.override_reason is not None for record in of_gate),
        }
        for gate in ("load", "build", "release")
        for of_gate in [[record for record in records if record.gate == gate]]
    }


def applied_overrides(records: list[CheckRecord]) -> list[Override]:
    """The checks that failed and do not stop this release, and why."""
    return [
        Override(
            check=record.full_name,
            gate=record.gate,
            reason=record.override_reason,
            observed=record.observed,
            expected=record.expected,
            by=_account(),
            checked_at=f"{record.checked_at[:19]}Z",
        )
        for record in records
        if record.override_reason is not None
    ]


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that has no name.
        return str(os.getuid())
