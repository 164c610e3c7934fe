"""touchstone refresh: the nightly job in this process."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from pipelines.cli.app import SourceIds, app
from pipelines.errors import UsageError
from pipelines.state.home import Home


@app.command()
def refresh(
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="Business date to compute for; default: today in Shanghai."),
    ] = None,
    source: SourceIds = None,
    full: Annotated[bool, typer.Option("--full", help="Parse and build everything again.")] = False,
    backfill: Annotated[
        str, typer.Option("--backfill", metavar="FROM..TO", help="Fetch the files of these days from dated addresses.")
    ] = "",
    override: Annotated[
        list[str] | None,
        typer.Option("--override", metavar="CHECK", help="Publish although this check fails; may be repeated."),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why the checks are overridden; kept in the release.")
    ] = "",
) -> None:
    """Receive, parse, gate, build, gate and publish: the nightly job."""
    from pipelines.orchestration.progress import TerminalProgress
    from pipelines.refresh import refresh as run_refresh

    with TerminalProgress() as progress:
        run_refresh(
            Home.from_environment(),
            as_of.date() if as_of else None,
            source,
            full,
            progress,
            _day_range(backfill),
            override or (),
            reason,
        )


def _day_range(text: str) -> tuple[date, date] | None:
    if not text:
        return None
    first, _, last = text.partition("..")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as error:
        raise UsageError(f"--backfill {text}: write it as 2024-05-01..2024-05-31") from error
    if days[0] > days[1]:
        raise UsageError(f"--backfill {text}: the first day is after the last")
    return days
