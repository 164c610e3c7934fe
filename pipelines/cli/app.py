"""The Typer applications and options that all groups of commands share."""

from __future__ import annotations

from typing import Annotated

import typer

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
