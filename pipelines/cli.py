"""The command `touchstone`. Commands import what they need when they run: `--help` answers at once."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipelines.home import DBT_PROJECT_DIR, SOURCES_DIR, Home, TouchstoneError, UsageError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from pipelines.publish import Release
    from pipelines.query import AnswerFormat
    from pipelines.trace import Delivery

app = typer.Typer(
    name="touchstone",
    help="试金石: a brand-development warehouse. State lives under TOUCHSTONE_HOME (default: warehouse/).",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
quarantine_app = typer.Typer(help="What was refused, and why.")
sources_app = typer.Typer(help="The declared feeds.")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(sources_app, name="sources")

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
SourceIds = Annotated[list[str] | None, typer.Option("--source", help="Only this source; may be repeated.")]

# Wide enough that nothing is cut when the output is read by another program.
_PIPE_WIDTH = 10_000
_INTERRUPTED = 130
_NUMERIC_KINDS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "DOUBLE", "FLOAT"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 fault, 2 wrong usage, 3 a gate refused.

    Any error is one line on stderr; `--debug`, anywhere on the line, adds the traceback.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    n_options = given.index("--") if "--" in given else len(given)
    debug = "--debug" in given[:n_options]
    words = [word for word in given[:n_options] if word != "--debug"] + given[n_options:]
    # Not typer's own runner: that ends the process itself, with several lines, for what is told here in one.
    command = typer.main.get_command(app)
    try:
        with command.make_context("touchstone", words or ["--help"]) as context:
            command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as ended:
        return ended.exit_code
    except TouchstoneError as error:
        return _fail(str(error), error.exit_code, debug)
    except KeyboardInterrupt:
        return _fail("interrupted; the current release is untouched", _INTERRUPTED, debug)
    except BrokenPipeError:
        # The reader had enough, as `head` has; what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:  # the last place where a fault can become one line
        # A usage error of the command line is of a class private to typer; it brings its own wording.
        wording = getattr(error, "format_message", None)
        if wording is not None:
            return _fail(f"{wording()} (--help shows the usage)", UsageError.exit_code, debug)
        return _fail(f"{type(error).__name__}: {error} (--debug shows where)", TouchstoneError.exit_code, debug)
    return 0


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    typer.echo("touchstone: " + " ".join(message.split()), err=True)
    return code


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from pipelines.version import code_version

        typer.echo(f"touchstone {code_version()}")
        raise typer.Exit


@app.callback()
def touchstone(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """试金石: a brand-development warehouse. State lives under TOUCHSTONE_HOME (default: warehouse/)."""


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
) -> None:
    """Receive, parse, gate, build, gate and publish: the nightly job."""
    from pipelines.progress import TerminalProgress
    from pipelines.refresh import refresh as run_refresh

    with TerminalProgress() as progress:
        run_refresh(
            Home.from_environment(), as_of.date() if as_of else None, source, full, progress, _day_range(backfill)
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


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show the current release, each source's last delivery and freshness, and the last gates' results."""
    from pipelines.declarations import load_sources
    from pipelines.status import status as warehouse_status

    found = warehouse_status(Home.from_environment(), load_sources().values(), datetime.now(UTC))
    if as_json:
        _print_json(
            {
                "current_release": _release_json(found.release) if found.release else None,
                "sources": [asdict(one) for one in found.sources],
                "gates": [asdict(one) for one in found.gates],
            }
        )
        return
    if found.release is None:
        typer.echo("Nothing has been released yet; run `touchstone refresh`.")
    else:
        release = found.release
        typer.echo(f"Current release {release.release_id}, as of {release.as_of}, {len(release.tables)} tables")
    rows = [
        [
            one.source_id,
            one.title_zh,
            one.last_name or "-",
            _moment(one.last_received_at),
            one.last_state or "-",
            "none yet" if one.age_hours is None else f"{one.age_hours:.0f} h of {one.freshness_hours}",
            "" if one.age_hours is None else "fresh" if one.is_fresh else "STALE",
            f"{one.n_deliveries:,}",
            f"{one.n_loaded:,}",
            f"{one.n_quarantined:,}",
            f"{one.n_refused:,}",
            "yes" if one.has_landed else "",
        ]
        for one in found.sources
    ]
    heads = ["source", "", "last delivery", "received (UTC)", "state", "age", "", "deliveries", "loaded"]
    _print_table([*heads, "quarantined", "refused", "in landing"], rows, numeric={7, 8, 9, 10})
    for one in found.sources:
        for url, reason in one.not_fetched.items():
            typer.echo(f"not fetched: {one.source_id}: {_printable(url)}: {_printable(reason)}")
    if found.gates:
        rows = [
            [gate.gate, f"{gate.n_passed} of {gate.n_checks} passed", _moment(gate.checked_at)] for gate in found.gates
        ]
        _print_table(["gate", "checks", "checked (UTC)"], rows)
        for check in (check for gate in found.gates for check in gate.failed):
            where = check.table_name or check.source_id or ""
            typer.echo(f"{check.severity}: {check.check_name} {where}: {check.observed}, expected {check.expected}")


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
    from pipelines import query as questions

    answer_format = _answer_format(chosen_format, out)
    with questions.answer(Home.from_environment(), sql) as rows:
        if answer_format == "table":
            found, more = questions.shown(rows, limit)
            kinds = [str(kind) for kind in rows.types]
            numeric = {place for place, kind in enumerate(kinds) if kind.split("(")[0] in _NUMERIC_KINDS}
            _print_table(rows.columns, [["NULL" if cell is None else cell for cell in row] for row in found], numeric)
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
        raise UsageError(f"{out}: say --format csv, json or parquet for a file")
    return answer_format


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
    from pipelines import trace as tracing
    from pipelines.declarations import load_sources
    from pipelines.publish import open_current

    home = Home.from_environment()
    with open_current(home) as connection:
        if table == "delivery":
            _print_fed(tracing.find_delivery(connection, key), connection, as_json)
            return
        found = tracing.trace(connection, table, key)
    shown = found.evidence[:limit]
    texts = tracing.raw_texts(home, load_sources(SOURCES_DIR), shown)
    if as_json:
        records = [{**asdict(one), "raw": text} for one, text in zip(shown, texts, strict=True)]
        _print_json(
            {
                "table": found.table,
                "rows": found.rows,
                "n_records": len(found.evidence),
                "records": records,
                "packaged": found.packaged if not found.evidence else [],
            }
        )
        return
    for row in found.rows:
        typer.echo(found.table)
        for column, value in row.items():
            if value is not None:
                typer.echo(f"  {column:<28} {_printable(str(value))}")
    told = None
    for one, text in zip(shown, texts, strict=True):
        if one.delivery != told:
            told = one.delivery
            typer.echo(f"from {_printable(told.original_name)} ({told.source_id}, {told.publisher})")
            typer.echo(
                f"  sha256 {told.sha256}, received {_moment(told.received_at)} UTC, {_printable(told.url or '-')}"
            )
        if text is not None:
            typer.echo(f"  record {one.record_no}, as {one.through} says:")
            typer.echo(f"    {_printable(text)}")
    if not found.evidence:
        packaged = f": it is packaged with the project, {' or '.join(found.packaged)}" if found.packaged else ""
        typer.echo(f"No delivery holds this{packaged}.")
    if len(found.evidence) > len(shown):
        typer.echo(f"touchstone: {len(shown)} of {len(found.evidence):,} records; --limit gives more", err=True)


def _print_fed(delivery: Delivery, connection: DuckDBPyConnection, as_json: bool) -> None:
    from pipelines.trace import fed_by

    fed = list(fed_by(connection, delivery))
    if as_json:
        _print_json({"delivery": asdict(delivery), "tables": [asdict(one) for one in fed]})
        return
    typer.echo(f"{_printable(delivery.original_name)} ({delivery.source_id}, {delivery.publisher}), {delivery.state}")
    typer.echo(f"  sha256 {delivery.sha256}, received {_moment(delivery.received_at)} UTC")
    _print_table(["table", "rows that it feeds"], [[one.table, f"{one.n_rows:,}"] for one in fed], numeric={1})


@app.command()
def diff(
    old: Annotated[str | None, typer.Argument(metavar="[OLD]", help="Default: the release before NEW.")] = None,
    new: Annotated[str | None, typer.Argument(metavar="[NEW]", help="Default: the current release.")] = None,
    as_json: AsJson = False,
) -> None:
    """Count the rows that one release has added to, removed from and changed in each table of another."""
    from pipelines.publish import find_release
    from pipelines.release_diff import earlier_release, table_diffs

    home = Home.from_environment()
    newer = find_release(home, new)
    older = find_release(home, old) if old else earlier_release(home, newer)
    found = table_diffs(older.database, newer.database)
    if as_json:
        tables = {one.table: {key: value for key, value in asdict(one).items() if key != "table"} for one in found}
        _print_json({"old": older.release_id, "new": newer.release_id, "tables": tables})
        return
    typer.echo(f"{older.release_id} -> {newer.release_id}")
    changed = [one for one in found if one.has_changed]
    if changed:
        _print_table(
            ["table", "added", "removed", "changed", "in columns", "columns added", "columns removed"],
            [
                [
                    one.table,
                    f"{one.n_added:,}",
                    f"{one.n_removed:,}",
                    f"{one.n_changed:,}",
                    " ".join(one.changed_columns),
                    " ".join(one.columns_added),
                    " ".join(one.columns_removed),
                ]
                for one in changed
            ],
            numeric={1, 2, 3},
        )
    typer.echo(f"{len(found) - len(changed)} of {len(found)} tables hold the same rows.")


@quarantine_app.command("list")
def quarantine_list(source: SourceIds = None, as_json: AsJson = False) -> None:
    """Count quarantined records by source, delivery and rule, and list the deliveries refused whole."""
    from pipelines.quarantined import refused_deliveries, rule_counts

    home, source_ids = Home.from_environment(), _declared(source)
    records, deliveries = rule_counts(home, source_ids), refused_deliveries(home, source_ids)
    if as_json:
        _print_json({"records": [asdict(one) for one in records], "deliveries": [asdict(one) for one in deliveries]})
        return
    if not records and not deliveries:
        typer.echo("Nothing is in quarantine.")
    if records:
        _print_table(
            ["source", "delivery", "rule", "records", "first record", "first seen (UTC)"],
            [
                [
                    one.source_id,
                    one.delivery_sha256[:12],
                    one.rule,
                    f"{one.n_records:,}",
                    str(one.first_record_no),
                    _moment(one.first_seen_at),
                ]
                for one in records
            ],
            numeric={3, 4},
        )
        typer.echo("`touchstone quarantine show SOURCE [DELIVERY] [RECORD]` prints the records themselves.")
    if deliveries:
        _print_table(
            ["source", "refused delivery", "file", "received (UTC)", "reason"],
            [
                [one.source_id, one.delivery_sha256[:12], one.original_name, _moment(one.received_at), one.reason]
                for one in deliveries
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
    """Print quarantined records whole, each with the rule that it broke."""
    from pipelines.quarantined import quarantined_records

    _declared([source_id])
    found, total = quarantined_records(Home.from_environment(), source_id, delivery, record_no, limit)
    if as_json:
        _print_json([asdict(one) for one in found])
        return
    for one in found:
        typer.echo(f"{one.source_id} {one.delivery_sha256[:12]} record {one.record_no}")
        typer.echo(f"  rule    {_printable(one.rule)}")
        typer.echo(f"  detail  {_printable(one.detail or '')}")
        typer.echo(f"  seen    {_moment(one.first_seen_at)}")
        typer.echo(f"  raw     {_printable(one.raw or '')}")
    if total > len(found):
        typer.echo(f"touchstone: {len(found)} of {total:,} records; --limit gives more", err=True)


@quarantine_app.command("retry")
def quarantine_retry(
    source_id: Annotated[str, typer.Argument(metavar="[SOURCE]", help="Default: every source.")] = "",
    delivery: Annotated[str, typer.Argument(metavar="[DELIVERY]", help="First digits of its SHA-256.")] = "",
    as_json: AsJson = False,
) -> None:
    """Parse refused and quarantined deliveries again, and say what a changed contract or correction made of them."""
    from pipelines.declarations import load_sources
    from pipelines.quarantined import retry

    home, declared = Home.from_environment(), load_sources(SOURCES_DIR)
    chosen = _declared([source_id] if source_id else None)
    found = [one for name in chosen for one in retry(home, declared[name], delivery, lambda what, rows: None)]
    if as_json:
        _print_json([{**asdict(one), "has_changed": one.has_changed} for one in found])
        return
    if not found:
        typer.echo("Nothing is in quarantine.")
        return
    _print_table(
        ["source", "delivery", "file", "was", "is", "quarantined before", "now", "by a correction", "reason"],
        [
            [
                one.source_id,
                one.delivery_sha256[:12],
                one.original_name,
                one.state_before,
                one.state,
                f"{one.n_quarantined_before:,}",
                f"{one.n_quarantined:,}",
                f"{one.n_corrected:,}",
                one.reason or "",
            ]
            for one in found
        ],
        numeric={5, 6, 7},
    )
    n_changed = sum(one.has_changed for one in found)
    typer.echo(
        f"{n_changed} of {len(found)} deliveries changed; `touchstone refresh` releases that"
        if n_changed
        else f"None of {len(found)} deliveries changed: mend the contract, or write a correction, and try again"
    )


@app.command()
def releases(as_json: AsJson = False) -> None:
    """List the releases that are kept, newest first."""
    from pipelines.publish import current_release, list_releases

    home = Home.from_environment()
    found = list_releases(home)
    # A broken link is told by the other commands; this one must still show where one can go back to.
    current = current_release(home) if home.current.exists() else None
    current_id = current.release_id if current else None
    if as_json:
        _print_json([{**_release_json(one), "is_current": one.release_id == current_id} for one in found])
        return
    if not found:
        typer.echo("Nothing has been released yet; run `touchstone refresh`.")
        return
    _print_table(
        ["", "release", "as of", "built (UTC)", "tables", "rows"],
        [
            [
                "current" if one.release_id == current_id else "",
                one.release_id,
                one.as_of.isoformat(),
                _moment(one.built_at),
                str(len(one.tables)),
                f"{sum(one.tables.values()):,}",
            ]
            for one in found
        ],
        numeric={4, 5},
    )


@app.command()
def rollback(
    release: Annotated[str | None, typer.Argument(metavar="[RELEASE]", help="Default: the one before.")] = None,
) -> None:
    """Make an earlier release current again, in one atomic step."""
    from pipelines.publish import rollback as go_back

    now = go_back(Home.from_environment(), release)
    typer.echo(f"Current release {now.release_id}, as of {now.as_of}")


@sources_app.command("list")
def sources_list(as_json: AsJson = False) -> None:
    """List the declared feeds."""
    from pipelines.declarations import load_sources

    declared = load_sources(SOURCES_DIR)
    if as_json:
        _print_json([one.model_dump(mode="json", by_alias=True) for one in declared.values()])
        return
    _print_table(
        ["source", "", "", "publisher", "cadence", "files", "entities"],
        [
            [
                one.id,
                one.title.zh,
                one.title.en,
                one.publisher,
                one.cadence,
                " ".join(one.delivery.patterns),
                " ".join(one.entities),
            ]
            for one in declared.values()
        ],
    )


@sources_app.command("new")
def sources_new(
    source_id: Annotated[str, typer.Argument(metavar="ID", help="Name of the new folder under sources/.")],
    file: Annotated[Path, typer.Option("--from", metavar="FILE", help="A file of the feed: CSV, XLSX, JSON or XML.")],
) -> None:
    """Draft a new feed from one of its files: declaration, staging models and a README to fill in."""
    from pipelines.onboarding import new_source

    draft = new_source(source_id, file, SOURCES_DIR, DBT_PROJECT_DIR / "models" / "staging")
    for path in draft.files:
        typer.echo(path)
    typer.echo(
        f"Under this draft {draft.manifest.n_loaded:,} of the {draft.manifest.n_records:,} records of {file.name} load;"
        f" key: {', '.join(draft.key) or 'none'}."
    )
    for note in draft.notes:
        typer.echo(_printable(f"  {note}"))
    typer.echo("Next: fill in what `touchstone sources check` lists, then land a file and `touchstone refresh`.")


@sources_app.command("check")
def sources_check() -> None:
    """Check every declaration, its README and its staging model; a line for each problem."""
    from pipelines.declaration_check import problems

    found = problems(SOURCES_DIR, DBT_PROJECT_DIR / "models" / "staging")
    for problem in found:
        typer.echo(_printable(problem), err=True)
    if found:
        raise typer.Exit(UsageError.exit_code)
    typer.echo("All declared sources are whole.")


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("--out", help="A new folder: a folder per night, and truth.")],
    scale: Annotated[float, typer.Option("--scale", help="Thousands of trademarks on the first night.")] = 1,
    nights: Annotated[int, typer.Option("--nights", help="How many nights; later ones hold what changed.")] = 1,
    seed: Annotated[int | None, typer.Option("--seed", help="The same arguments give the same bytes.")] = None,
) -> None:
    """Write synthetic deliveries in the official formats, with their truth tables."""
    from pipelines.simulate import DEFAULT_SEED
    from pipelines.simulate import simulate as write_world

    write_world(out, scale, nights, DEFAULT_SEED if seed is None else seed, typer.echo)


@app.command()
def fingerprint(
    release: Annotated[str | None, typer.Argument(metavar="[RELEASE]", help="Default: the current one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print a content hash per table, independent of row order, run times and file layout."""
    from pipelines.fingerprint import fingerprint as content_hashes
    from pipelines.fingerprint import overall
    from pipelines.publish import find_release

    found = find_release(Home.from_environment(), release)
    tables = content_hashes(found.database)
    if as_json:
        _print_json({"release_id": found.release_id, "overall": overall(tables), "tables": tables})
        return
    for name, content_hash in tables.items():
        typer.echo(f"{content_hash}  {name}")
    typer.echo(f"{overall(tables)}  overall")


@app.command()
def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8765,
) -> None:
    """Serve the site of the current release on 127.0.0.1 until interrupted."""
    from pipelines.site_server import site_server

    with site_server(Home.from_environment(), port) as server:
        typer.echo(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


def _declared(source_ids: list[str] | None) -> list[str]:
    """The chosen sources, or all declared ones."""
    from pipelines.declarations import load_sources

    declared = load_sources(SOURCES_DIR)
    for source_id in source_ids or []:
        if source_id not in declared:
            raise UsageError(f"no source {source_id}; declared: {', '.join(declared)}")
    return list(source_ids or declared)


def _release_json(release: Release) -> dict[str, Any]:
    return {**release.as_json(), "path": str(release.path)}


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"


def _printable(text: str) -> str:
    """Text whose control characters are spelt out: what was delivered must not steer the terminal."""
    return "".join(one if one.isprintable() or one in "\n\t" else repr(one)[1:-1] for one in text)


def _print_json(content: object) -> None:
    """Print JSON with times in ISO 8601, and what JSON has no word for as its text."""
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2, default=_json_text))


def _json_text(value: object) -> str:
    return str(value.isoformat()) if isinstance(value, date | datetime) else str(value)


def _print_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], numeric: frozenset[int] | set[int] = frozenset()
) -> None:
    """Print a table: folded to a terminal's width, whole in a pipe."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for place, head in enumerate(heads):
        table.add_column(Text(_printable(head)), justify="right" if place in numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_printable(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False).print(table)


if __name__ == "__main__":
    sys.exit(main())
