"""The machine and the versions that a measurement was made with."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
from pathlib import Path

import psutil

_PACKAGES = ["duckdb", "polars", "pyarrow", "xml2arrow", "lxml", "dbt-core", "dagster", "great-expectations"]


def facts() -> str:
    """Cores, memory, load and versions, as Markdown."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    memory = psutil.virtual_memory()
    package = importlib.util.find_spec("dagster")
    is_compiled = package is not None and package.cached is not None and Path(package.cached).exists()
    imports = "compiled packages" if is_compiled else "packages NOT compiled (each process compiles what it imports)"
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{_processor()}, {len(os.sched_getaffinity(0))} cores, {memory.total / 2**30:.0f} GB memory"
        f" ({memory.available / 2**30:.0f} GB free), load {load} before the run, {platform.system()}"
        f" {platform.release()}, Python {platform.python_version()}, {imports}, {versions}."
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
