"""How commands print: tables, JSON and moments, for a terminal or a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from pipelines.releases.release import Release


# Wide enough that nothing is cut when the output is read by another program.
_PIPE_WIDTH = 10_000


def release_json(release: Release) -> dict[str, Any]:
    """The content of release.json, and where the release is."""
    return {**release.as_json(), "path": str(release.path)}


def local_moment(moment: datetime | None) -> str:
    """A moment to the minute, or `-` for none."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"


def printable(text: str) -> str:
    """Text whose control characters are spelt out: what was delivered must not steer the terminal."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else repr(character)[1:-1] for character in text
    )


def print_json(content: object) -> None:
    """Print JSON with times in ISO 8601, and what JSON has no word for as its text."""
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2, default=_json_text))


def _json_text(value: object) -> str:
    return str(value.isoformat()) if isinstance(value, date | datetime) else str(value)


def print_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], numeric: frozenset[int] | set[int] = frozenset()
) -> None:
    """Print a table: folded to a terminal's width, in full into a pipe."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column_no, head in enumerate(heads):
        table.add_column(Text(printable(head)), justify="right" if column_no in numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False).print(table)
