"""The errors that carry an exit code. Each is one line: what, where, which rule, and what to do."""

from __future__ import annotations


class TouchstoneError(Exception):
    """An error reported in one line: what, where, which rule, and what to do. Exit code 1."""

    exit_code = 1


class UsageError(TouchstoneError):
    """Wrong usage or configuration. Exit code 2."""

    exit_code = 2


class GateRefused(TouchstoneError):
    """A gate refused; the current release is untouched. Exit code 3."""

    exit_code = 3


def first_line(error: object) -> str:
    """The first line of an error's message that holds text; the name of the error's class where none does."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def first_paragraph(error: object) -> str:
    """The first paragraph of an error's message, on one line; the name of the error's class without a message."""
    return " ".join(str(error).strip().split("\n\n")[0].split()) or type(error).__name__
