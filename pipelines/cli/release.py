"""The commands that read or select a release: status, query, diff, releases, rollback, fingerprint and serve."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipelines.cli.app import AsJson, app
from pipelines.cli.output import local_moment, print_json, print_table, printable, release_json
from pipelines.errors import UsageError
from pipelines.state.home import Home

if TYPE_CHECKING:
    from pipelines.serving.query import AnswerFormat

_NUMERIC_KINDS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "DOUBLE", "FLOAT"})


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show the current release, each source's last delivery and freshness, and the last gates' results."""
    from pipelines.contract.loading import load_sources
    from pipelines.serving.status import status as warehouse_status

    state = warehouse_status(Home.from_environment(), load_sources().values(), datetime.now(UTC))
    if as_json:
        print_json(
            {
                "current_release": release_json(state.release) if state.release else None,
                "sources": [asdict(source) for source in state.sources],
                "gates": [asdict(gate) for gate in state.gates],
            }
        )
        return
    if state.release is None:
        typer.echo("Nothing has been released yet; run `touchstone refresh`.")
    else:
        release = state.release
        typer.echo(f"Current release {release.release_id}, as of {release.as_of}, {len(release.tables)} tables")
    rows = [
        [
            source.source_id,
            source.title_zh,
            source.last_name or "-",
            local_moment(source.last_received_at),
            source.last_state or "-",
            "none yet" if source.age_hours is None else f"{source.age_hours:.0f} h of {source.freshness_hours}",
            "" if source.age_hours is None else "fresh" if source.is_fresh else "STALE",
            f"{source.n_deliveries:,}",
            f"{source.n_loaded:,}",
            f"{source.n_quarantined:,}",
            f"{source.n_refused:,}",
            "yes" if source.has_landed else "",
        ]
        for source in state.sources
    ]
    heads = ["source", "", "last delivery", "received (UTC)", "state", "age", "", "deliveries", "loaded"]
    print_table([*heads, "quarantined", "refused", "in landing"], rows, numeric={7, 8, 9, 10})
    for source in state.sources:
        for url, reason in source.not_fetched.items():
            typer.echo(f"not fetched: {source.source_id}: {printable(url)}: {printable(reason)}")
    if state.gates:
        rows = [
            [gate.gate, f"{gate.n_passed} of {gate.n_checks} passed", local_moment(gate.checked_at)]
            for gate in state.gates
        ]
        print_table(["gate", "checks", "checked (UTC)"], rows)
        for check in (check for gate in state.gates for check in gate.failed):
            where = check.table_name or check.source_id or ""
            line = f"{check.check_name} {where}: {check.observed}, expected {check.expected}"
            if check.override_reason is None:
                typer.echo(f"{check.severity}: {line}")
            else:
                typer.echo(printable(f"overridden: {line}; reason: {check.override_reason}"))


@app.command()
def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="A question, such as: from marts.target_progress")],
    chosen_format: Annotated[
        Literal["table", "csv", "json", "parquet"] | None,
        typer.Option("--format", help="Default: table, or what the name given to --out ends with."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write to this file instead of stdout.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most rows of a table; other formats have all.")] = 1000,
) -> None:
    """Ask the current release, read-only."""
    from pipelines.serving import query as questions

    answer_format = _answer_format(chosen_format, out)
    with questions.answer(Home.from_environment(), sql) as rows:
        if answer_format == "table":
            found, more = questions.shown(rows, limit)
            kinds = [str(kind) for kind in rows.types]
            numeric = {column_no for column_no, kind in enumerate(kinds) if kind.split("(")[0] in _NUMERIC_KINDS}
            print_table(rows.columns, [["NULL" if cell is None else cell for cell in row] for row in found], numeric)
            if more:
                typer.echo(f"touchstone: the first {limit} rows; --limit or another --format gives more", err=True)
        elif out is not None:
            questions.write_file(rows, answer_format, out)
        elif answer_format == "parquet" and sys.stdout.isatty():
            raise UsageError("Parquet is not for a terminal; give --out FILE or pipe it on")
        else:
            sys.stdout.flush()
            questions.WRITERS[answer_format](rows, sys.stdout.buffer)
            sys.stdout.buffer.flush()


def _answer_format(chosen: AnswerFormat | None, out: Path | None) -> AnswerFormat:
    if out is None:
        return chosen or "table"
    by_name: dict[str, AnswerFormat] = {".csv": "csv", ".json": "json", ".parquet": "parquet"}
    answer_format = chosen or by_name.get(out.suffix.lower())
    if answer_format is None or answer_format == "table":
        raise UsageError(f"{out}: give --format csv, json or parquet for a file")
    return answer_format


@app.command()
def diff(
    old: Annotated[str | None, typer.Argument(metavar="[OLD]", help="Default: the release before NEW.")] = None,
    new: Annotated[str | None, typer.Argument(metavar="[NEW]", help="Default: the current release.")] = None,
    as_json: AsJson = False,
) -> None:
    """Count the rows that one release has added to, removed from and changed in each table of another."""
    from pipelines.releases.diff import earlier_release, table_diffs
    from pipelines.releases.release import find_release

    home = Home.from_environment()
    newer = find_release(home, new)
    older = find_release(home, old) if old else earlier_release(home, newer)
    differences = table_diffs(older.database, newer.database)
    if as_json:
        tables = {
            difference.table: {key: value for key, value in asdict(difference).items() if key != "table"}
            for difference in differences
        }
        print_json({"old": older.release_id, "new": newer.release_id, "tables": tables})
        return
    typer.echo(f"{older.release_id} -> {newer.release_id}")
    changed = [difference for difference in differences if difference.has_changed]
    if changed:
        print_table(
            ["table", "added", "removed", "changed", "in columns", "columns added", "columns removed"],
            [
                [
                    difference.table,
                    f"{difference.n_added:,}",
                    f"{difference.n_removed:,}",
                    f"{difference.n_changed:,}",
                    " ".join(difference.changed_columns),
                    " ".join(difference.columns_added),
                    " ".join(difference.columns_removed),
                ]
                for difference in changed
            ],
            numeric={1, 2, 3},
        )
    typer.echo(f"{len(differences) - len(changed)} of {len(differences)} tables hold the same rows.")


@app.command()
def releases(as_json: AsJson = False) -> None:
    """List the releases that are kept, newest first."""
    from pipelines.releases.release import current_release, list_releases

    home = Home.from_environment()
    known_releases = list_releases(home)
    # The other commands report a broken link; this one must still list the releases to go back to.
    current = current_release(home) if home.current.exists() else None
    current_id = current.release_id if current else None
    if as_json:
        print_json(
            [{**release_json(listed), "is_current": listed.release_id == current_id} for listed in known_releases]
        )
        return
    if not known_releases:
        typer.echo("Nothing has been released yet; run `touchstone refresh`.")
        return
    print_table(
        ["", "release", "as of", "built (UTC)", "tables", "rows"],
        [
            [
                "current" if listed.release_id == current_id else "",
                listed.release_id,
                listed.as_of.isoformat(),
                local_moment(listed.built_at),
                str(len(listed.tables)),
                f"{sum(listed.tables.values()):,}",
            ]
            for listed in known_releases
        ],
        numeric={4, 5},
    )


@app.command()
def rollback(
    release: Annotated[str | None, typer.Argument(metavar="[RELEASE]", help="Default: the one before.")] = None,
) -> None:
    """Make an earlier release current again, in one atomic step."""
    from pipelines.releases.publish import rollback as go_back

    now = go_back(Home.from_environment(), release)
    typer.echo(f"Current release {now.release_id}, as of {now.as_of}")


@app.command()
def fingerprint(
    release: Annotated[str | None, typer.Argument(metavar="[RELEASE]", help="Default: the current one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print a content hash per table, independent of row order, run times and file layout."""
    from pipelines.releases.fingerprint import fingerprint as content_hashes
    from pipelines.releases.fingerprint import overall
    from pipelines.releases.release import find_release

    chosen = find_release(Home.from_environment(), release)
    tables = content_hashes(chosen.database)
    if as_json:
        print_json({"release_id": chosen.release_id, "overall": overall(tables), "tables": tables})
        return
    for name, content_hash in tables.items():
        typer.echo(f"{content_hash}  {name}")
    typer.echo(f"{overall(tables)}  overall")


@app.command()
def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8765,
) -> None:
    """Serve the site of the current release on 127.0.0.1 until interrupted."""
    from pipelines.serving.site_server import site_server

    with site_server(Home.from_environment(), port) as server:
        typer.echo(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
