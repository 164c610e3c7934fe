"""What a refresh shows while it works: stage, subject, rows and seconds, live on a terminal, else as plain lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text


@dataclass
class Step:
    """One stage at work on one subject (a source, or the warehouse)."""

    stage: str
    subject: str
    started: float = field(default_factory=time.monotonic)
    what: str = ""
    rows: int | None = None
    failed: bool = False

    def report(self, what: str, rows: int | None = None) -> None:
        """Say what is being done and, where it is known, how many rows have been done."""
        self.what = what
        if rows is not None:
            self.rows = rows

    def line(self) -> str:
        """`stage subject what rows seconds` in columns of fixed width."""
        rows = f"{self.rows:,} rows" if self.rows is not None else ""
        return (
            f"{self.stage:<8} {self.subject:<20} {self.what:<34.34} {rows:>16} {time.monotonic() - self.started:7.1f} s"
        )


class Progress(Protocol):
    """Where steps and refused deliveries are reported."""

    def step(self, stage: str, subject: str) -> AbstractContextManager[Step]:
        """A step that ends with the context."""

    def say(self, line: str) -> None:
        """Tell how it ended."""

    def refused(self, line: str) -> None:
        """Tell of a refused delivery, or of a failed check, in one line."""


class SilentProgress:
    """Progress for runs whose display is Dagster's own."""

    @contextmanager
    def step(self, stage: str, subject: str) -> Iterator[Step]:
        yield Step(stage, subject)

    def say(self, line: str) -> None:
        """Nothing: the run's status shows it."""

    def refused(self, line: str) -> None:
        """Nothing: the run's events carry it."""


class TerminalProgress:
    """Progress on stdout, refusals on stderr; a context manager that owns the live line.

    Finished steps stay as lines; the step at work is a live line below them where stdout is a terminal.
    """

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled
        self._console = Console(file=sys.stdout, highlight=False)
        self._live = (
            Live(self, console=self._console, transient=True, refresh_per_second=8, redirect_stdout=False)
            if enabled and self._console.is_terminal
            else None
        )
        self._spinner = Spinner("dots")
        self._current: list[Step] = []

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._current:
            yield self._spinner.render(time.monotonic())
            yield Text(self._current[-1].line(), no_wrap=True, overflow="ellipsis")

    @contextmanager
    def step(self, stage: str, subject: str) -> Iterator[Step]:
        """Show a step; it stays as a line when it reported anything."""
        step = Step(stage, subject)
        self._current.append(step)
        try:
            yield step
        except BaseException:
            step.failed = True
            raise
        finally:
            self._current.remove(step)
            if self._enabled and (step.what or step.rows is not None):
                self._console.print(
                    Text(step.line() + ("  refused" if step.failed else ""), no_wrap=True, overflow="ignore"),
                    soft_wrap=True,
                )

    def say(self, line: str) -> None:
        """Print the line on stdout, also where steps are not shown."""
        self._console.print(Text(line), soft_wrap=True)

    def refused(self, line: str) -> None:
        """Print the line on stderr."""
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
