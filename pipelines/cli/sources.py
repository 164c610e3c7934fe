"""touchstone sources: list, check and draft declared feeds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.app import AsJson, sources_app
from pipelines.cli.output import print_json, print_table, printable
from pipelines.errors import UsageError
from pipelines.state.home import DBT_PROJECT_DIR, SOURCES_DIR


@sources_app.command("list")
def sources_list(as_json: AsJson = False) -> None:
    """List the declared feeds."""
    from pipelines.contract.loading import load_sources

    declared = load_sources(SOURCES_DIR)
    if as_json:
        print_json([source.model_dump(mode="json", by_alias=True) for source in declared.values()])
        return
    print_table(
        ["source", "", "", "publisher", "cadence", "files", "entities"],
        [
            [
                source.id,
                source.title.zh,
                source.title.en,
                source.publisher,
                source.cadence,
                " ".join(source.delivery.patterns),
                " ".join(source.entities),
            ]
            for source in declared.values()
        ],
    )


@sources_app.command("new")
def sources_new(
    source_id: Annotated[str, typer.Argument(metavar="ID", help="Name of the new folder under sources/.")],
    file: Annotated[Path, typer.Option("--from", metavar="FILE", help="A file of the feed: CSV, XLSX, JSON or XML.")],
) -> None:
    """Draft a new feed from one of its files: declaration, staging models and a README to fill in."""
    from pipelines.onboarding.draft import new_source

    draft = new_source(source_id, file, SOURCES_DIR, DBT_PROJECT_DIR / "models" / "staging")
    for path in draft.files:
        typer.echo(path)
    typer.echo(
        f"Under this draft {draft.manifest.n_loaded:,} of the {draft.manifest.n_records:,} records of {file.name} load;"
        f" key: {', '.join(draft.key) or 'none'}."
    )
    for note in draft.notes:
        typer.echo(printable(f"  {note}"))
    typer.echo("Next: fill in what `touchstone sources check` lists, then land a file and `touchstone refresh`.")


@sources_app.command("check")
def sources_check() -> None:
    """Check every declaration, its README and its staging model; a line for each problem."""
    from pipelines.onboarding.check import problems

    listed_problems = problems(SOURCES_DIR, DBT_PROJECT_DIR / "models" / "staging")
    for problem in listed_problems:
        typer.echo(printable(problem), err=True)
    if listed_problems:
        raise typer.Exit(UsageError.exit_code)
    typer.echo("All declared sources are complete.")
