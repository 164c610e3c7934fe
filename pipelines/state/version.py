"""Which version of the code this is."""

from __future__ import annotations

from importlib.metadata import version


def code_version() -> str:
    """The version that pyproject.toml states, as it was installed."""
    return version("touchstone")
