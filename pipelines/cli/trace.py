"""touchstone trace: from a row to its records, and from a delivery to the rows that it feeds."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.app import AsJson, app
from pipelines.cli.output import local_moment, print_json, print_table, printable
from pipelines.state.home import SOURCES_DIR, Home

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from pipelines.serving.trace import TracedDelivery


@app.command()
def trace(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="Such as star.fct_inspection; or the word delivery.")],
    key: Annotated[
        str,
        typer.Argument(metavar="KEY", help="Its key, or column=value,column=value; of a delivery, its SHA-256."),
    ],
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most records whose text is read.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Go from a row of the current release back to its records as received, or from a delivery forward to its rows."""
    from pipelines.contract.loading import load_sources
    from pipelines.releases.release import open_current
    from pipelines.serving import trace as tracing

    home = Home.from_environment()
    with open_current(home) as connection:
        if table == "delivery":
            _print_fed(tracing.find_delivery(connection, key), connection, as_json)
            return
        traced = tracing.trace(connection, table, key)
    shown = traced.records[:limit]
    texts = tracing.raw_texts(home, load_sources(SOURCES_DIR), shown)
    if as_json:
        records = [{**asdict(record), "raw": text} for record, text in zip(shown, texts, strict=True)]
        print_json(
            {
                "table": traced.table,
                "rows": traced.rows,
                "n_records": len(traced.records),
                "records": records,
                "packaged": traced.packaged if not traced.records else [],
            }
        )
        return
    for row in traced.rows:
        typer.echo(traced.table)
        for column, value in row.items():
            if value is not None:
                typer.echo(f"  {column:<28} {printable(str(value))}")
    printed = None
    for record, text in zip(shown, texts, strict=True):
        if record.delivery != printed:
            printed = record.delivery
            typer.echo(f"from {printable(printed.original_name)} ({printed.source_id}, {printed.publisher})")
            typer.echo(
                f"  sha256 {printed.sha256}, received {local_moment(printed.received_at)} UTC,"
                f" {printable(printed.url or '-')}"
            )
        if text is not None:
            typer.echo(f"  record {record.record_no}, as {record.through} states:")
            typer.echo(f"    {printable(text)}")
    if not traced.records:
        packaged = f": it is packaged with the project, {' or '.join(traced.packaged)}" if traced.packaged else ""
        typer.echo(f"No delivery holds this{packaged}.")
    if len(traced.records) > len(shown):
        typer.echo(f"touchstone: {len(shown)} of {len(traced.records):,} records; --limit gives more", err=True)


def _print_fed(delivery: TracedDelivery, connection: DuckDBPyConnection, as_json: bool) -> None:
    from pipelines.serving.trace import fed_by

    fed = list(fed_by(connection, delivery))
    if as_json:
        print_json({"delivery": asdict(delivery), "tables": [asdict(fed_table) for fed_table in fed]})
        return
    typer.echo(f"{printable(delivery.original_name)} ({delivery.source_id}, {delivery.publisher}), {delivery.state}")
    typer.echo(f"  sha256 {delivery.sha256}, received {local_moment(delivery.received_at)} UTC")
    print_table(
        ["table", "rows that it feeds"], [[fed_table.table, f"{fed_table.n_rows:,}"] for fed_table in fed], numeric={1}
    )
