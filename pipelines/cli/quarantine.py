"""touchstone quarantine: which records were refused and why, and trying them again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from pipelines.cli.app import AsJson, SourceIds, quarantine_app
from pipelines.cli.output import local_moment, print_json, print_table, printable
from pipelines.errors import UsageError
from pipelines.state.home import SOURCES_DIR, Home


@quarantine_app.command("list")
def quarantine_list(source: SourceIds = None, as_json: AsJson = False) -> None:
    """Count quarantined records by source, delivery and rule, and list the refused deliveries."""
    from pipelines.lake.quarantine import refused_deliveries, rule_counts

    home, source_ids = Home.from_environment(), _declared(source)
    records, deliveries = rule_counts(home, source_ids), refused_deliveries(home, source_ids)
    if as_json:
        print_json(
            {"records": [asdict(entry) for entry in records], "deliveries": [asdict(entry) for entry in deliveries]}
        )
        return
    if not records and not deliveries:
        typer.echo("Nothing is in quarantine.")
    if records:
        print_table(
            ["source", "delivery", "rule", "records", "first record", "first seen (UTC)"],
            [
                [
                    entry.source_id,
                    entry.delivery_sha256[:12],
                    entry.rule,
                    f"{entry.n_records:,}",
                    str(entry.first_record_no),
                    local_moment(entry.first_seen_at),
                ]
                for entry in records
            ],
            numeric={3, 4},
        )
        typer.echo("`touchstone quarantine show SOURCE [DELIVERY] [RECORD]` prints the records themselves.")
    if deliveries:
        print_table(
            ["source", "refused delivery", "file", "received (UTC)", "reason"],
            [
                [
                    entry.source_id,
                    entry.delivery_sha256[:12],
                    entry.original_name,
                    local_moment(entry.received_at),
                    entry.reason,
                ]
                for entry in deliveries
            ],
        )


@quarantine_app.command("show")
def quarantine_show(
    source_id: Annotated[str, typer.Argument(metavar="SOURCE")],
    delivery: Annotated[str, typer.Argument(metavar="[DELIVERY]", help="First digits of its SHA-256.")] = "",
    record_no: Annotated[int | None, typer.Argument(metavar="[RECORD]", help="Its number in the delivery.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most records to print.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Print quarantined records in full, each with the rule that it broke."""
    from pipelines.lake.quarantine import quarantined_records

    _declared([source_id])
    found, total = quarantined_records(Home.from_environment(), source_id, delivery, record_no, limit)
    if as_json:
        print_json([asdict(record) for record in found])
        return
    for record in found:
        typer.echo(f"{record.source_id} {record.delivery_sha256[:12]} record {record.record_no}")
        typer.echo(f"  rule    {printable(record.rule)}")
        typer.echo(f"  detail  {printable(record.detail or '')}")
        typer.echo(f"  seen    {local_moment(record.first_seen_at)}")
        typer.echo(f"  raw     {printable(record.raw or '')}")
    if total > len(found):
        typer.echo(f"touchstone: {len(found)} of {total:,} records; --limit gives more", err=True)


@quarantine_app.command("retry")
def quarantine_retry(
    source_id: Annotated[str, typer.Argument(metavar="[SOURCE]", help="Default: every source.")] = "",
    delivery: Annotated[str, typer.Argument(metavar="[DELIVERY]", help="First digits of its SHA-256.")] = "",
    as_json: AsJson = False,
) -> None:
    """Parse refused and quarantined deliveries again, and report what a changed contract or correction made of them."""
    from pipelines.contract.loading import load_sources
    from pipelines.lake.quarantine import retry

    home, declared = Home.from_environment(), load_sources(SOURCES_DIR)
    chosen = _declared([source_id] if source_id else None)
    retried = [result for name in chosen for result in retry(home, declared[name], delivery, lambda what, rows: None)]
    if as_json:
        print_json([{**asdict(result), "has_changed": result.has_changed} for result in retried])
        return
    if not retried:
        typer.echo("Nothing is in quarantine.")
        return
    print_table(
        ["source", "delivery", "file", "was", "is", "quarantined before", "now", "by a correction", "reason"],
        [
            [
                result.source_id,
                result.delivery_sha256[:12],
                result.original_name,
                result.state_before,
                result.state,
                f"{result.n_quarantined_before:,}",
                f"{result.n_quarantined:,}",
                f"{result.n_corrected:,}",
                result.reason or "",
            ]
            for result in retried
        ],
        numeric={5, 6, 7},
    )
    n_changed = sum(result.has_changed for result in retried)
    typer.echo(
        f"{n_changed} of {len(retried)} deliveries changed; `touchstone refresh` releases that"
        if n_changed
        else f"None of {len(retried)} deliveries changed: correct the contract, or write a correction, and try again"
    )


def _declared(source_ids: list[str] | None) -> list[str]:
    """The chosen sources, or all declared ones."""
    from pipelines.contract.loading import load_sources

    declared = load_sources(SOURCES_DIR)
    for source_id in source_ids or []:
        if source_id not in declared:
            raise UsageError(f"no source {source_id}; declared: {', '.join(declared)}")
    return list(source_ids or declared)
