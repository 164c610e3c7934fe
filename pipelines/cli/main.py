"""The console script `touchstone`: runs a command and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from pipelines.cli import quarantine, refresh, release, simulate, sources, trace
from pipelines.cli.app import app
from pipelines.errors import TouchstoneError, UsageError

# Importing a module registers its commands; this is the order in which --help lists them.
COMMANDS = (refresh, release, trace, quarantine, sources, simulate)

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 error, 2 wrong usage, 3 a gate refused.

    Any error is one line on stderr; `--debug`, anywhere on the line, adds the traceback.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    n_options = given.index("--") if "--" in given else len(given)
    debug = "--debug" in given[:n_options]
    words = [word for word in given[:n_options] if word != "--debug"] + given[n_options:]
    # Not typer's own runner: it ends the process itself and prints several lines; here an error is one line.
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
    except Exception as error:  # the last place where an error can become one line
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
        from pipelines.state.version import code_version

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


if __name__ == "__main__":
    sys.exit(main())
