"""The dbt project as parsed, kept under TOUCHSTONE_HOME/dbt until a file of it or dbt changes.

dbt itself takes seconds to import and is imported only to parse a changed project and to build. Opening the
definitions of an unchanged project reads one JSON file.
"""

from __future__ import annotations

import json
import os
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.build import dbt_manifest
from pipelines.build.dbt_project import DbtProject
from pipelines.build.dbt_runner import import_dbt, invoke
from pipelines.build.inputs import tree_hash
from pipelines.errors import UsageError, first_paragraph
from pipelines.state.home import DBT_PROJECT_DIR, Home
from pipelines.state.run_folder import RunFolder

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

_KEPT_PROJECTS = 3
_MANIFEST = "manifest.json"
_PACKED = "manifest.msgpack"


def load_project(home: Home, project_dir: Path = DBT_PROJECT_DIR) -> DbtProject:
    """The project's tables and tests, parsed anew only when a file of the project or dbt itself changed.

    Raises UsageError when dbt cannot parse the project or two tests of one table have one name.
    """
    folder = home.dbt / _project_hash(project_dir)
    if not (folder / _MANIFEST).exists():
        _parse(home, project_dir, folder)
    raw = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    return dbt_manifest.read(raw, folder, project_dir)


def packed_manifest(project: DbtProject) -> Manifest:
    """The project as dbt itself keeps it parsed."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    return Manifest.from_msgpack((project.folder / _PACKED).read_bytes(), decoder=extended_mashumuro_decoder)


def _project_hash(project_dir: Path) -> str:
    versions = "-".join(version(package) for package in ("dbt-core", "dbt-duckdb", "duckdb"))
    return f"{tree_hash(project_dir)[:16]}-{versions}"


def _parse(home: Home, project_dir: Path, folder: Path) -> None:
    """Parse the project into `folder`, completely or not at all."""
    import_dbt()
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumaro_encoder

    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    # The names of both database files are baked into a parsed project, so they are those of every run's folder.
    outcome = invoke(home, project_dir, RunFolder(partial), ["parse", "--target-path", str(partial / "target")])
    if outcome.exception is not None or not isinstance(outcome.result, Manifest):
        shutil.rmtree(partial)
        raise UsageError(
            f"{project_dir}: dbt cannot parse the project: {first_paragraph(outcome.exception or 'no manifest')}"
        )
    (partial / _PACKED).write_bytes(outcome.result.to_msgpack(extended_mashumaro_encoder))
    shutil.move(partial / "target" / _MANIFEST, partial / _MANIFEST)
    shutil.rmtree(partial / "target")
    if folder.exists():
        # Another process parsed the same project meanwhile; what it made is the same.
        shutil.rmtree(partial)
    else:
        partial.rename(folder)
    earlier = sorted((p for p in home.dbt.glob("*-*") if p != folder), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in earlier[_KEPT_PROJECTS - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
