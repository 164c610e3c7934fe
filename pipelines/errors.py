"""The errors that carry an exit code. Each is one line: what, where, which rule, and what to do."""

from __future__ import annotations


class TouchstoneError(Exception):
    """A fault told in one line: what, where, which rule, and what to do. Exit code 1."""

    exit_code = 1


class UsageError(TouchstoneError):
    """Wrong usage or configuration. Exit code 2."""

    exit_code = 2


class GateRefused(TouchstoneError):
    """A gate refused; the current release is untouched. Exit code 3."""

    exit_code = 3
