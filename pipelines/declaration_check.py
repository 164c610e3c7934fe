"""Whether each declared source is whole: its declaration and corrections, its page, its staging model, its patterns."""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.corrections import load_corrections
from pipelines.declarations import load_source
from pipelines.home import UsageError


def problems(sources_dir: Path, staging_dir: Path) -> list[str]:
    """One line for each thing missing or wrong in the folders of sources, none when all is well."""
    folders = sorted(path for path in sources_dir.iterdir() if path.is_dir() and not path.name.startswith(("_", ".")))
    if not folders:
        return [f"{sources_dir}: no source is declared here"]
    return [problem for folder in folders for problem in _folder_problems(folder, staging_dir)]


def _folder_problems(folder: Path, staging_dir: Path) -> list[str]:
    declaration = folder / "source.yaml"
    if not declaration.is_file():
        return [f"{folder}: has no source.yaml; declare the source or remove the folder"]
    try:
        source = load_source(declaration)
    except UsageError as error:
        return [str(error)]
    found = []
    readme = folder / "README.md"
    if not readme.is_file() or not readme.read_text(encoding="utf-8").strip():
        found.append(f"{readme}: missing or empty; say where the real feed comes from and what is particular")
    model = f"stg_{source.id}__{source.record_entity}.sql"
    if not any(staging_dir.rglob(model)):
        found.append(f"{declaration}: no staging model {model} under {staging_dir}; its records would reach no table")
    for name, entity in source.entities.items():
        for column in entity.columns:
            try:
                re.compile(column.pattern or "")
                re.compile(column.shifted or "")
            except re.error as error:
                found.append(f"{declaration}: entities.{name}.{column.name}: pattern does not compile: {error}")
    try:
        source.module("parse")
    except Exception as error:  # whatever the source's own code raises is the finding
        found.append(f"{folder / 'parse.py'}: cannot be imported: {type(error).__name__}: {error}")
    try:
        load_corrections(source)
    except UsageError as error:
        found.append(str(error))
    return found
