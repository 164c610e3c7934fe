"""Assets of the lake: the parsed entities of each source."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import dagster as dg

from pipelines.contract.declarations import Source
from pipelines.gates.process import Gates
from pipelines.lake.views import refuse_outdated
from pipelines.orchestration.assets.receiving import refusal
from pipelines.orchestration.keys import OWNERS, lake_key, run_folder
from pipelines.orchestration.progress import Progress
from pipelines.orchestration.resources import RefreshSettings
from pipelines.parsing.parse import parse_deliveries
from pipelines.receiving.manifest import accepted, manifests
from pipelines.state.home import Home


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
