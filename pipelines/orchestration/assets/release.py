"""The release asset: a candidate that passed every gate, published."""

from collections.abc import Mapping

import dagster as dg

from pipelines.build import dictionary
from pipelines.contract.declarations import Source
from pipelines.gates.verdicts import Expected, refuse_unless_gated
from pipelines.orchestration.keys import CANDIDATE, OWNERS, POOL, RELEASE, run_folder
from pipelines.orchestration.progress import Progress
from pipelines.releases.publish import publish as publish_candidate
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
