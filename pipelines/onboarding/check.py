"""Whether each declared source is whole: its declaration and corrections, page, staging models and patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from pipelines.contract.declarations import PLACEHOLDER, Source
from pipelines.contract.loading import line_of, load_source
from pipelines.errors import UsageError
from pipelines.lake.corrections import load_corrections

_LAKE_TABLE = re.compile(r"source\(\s*'lake'\s*,\s*'([a-z0-9_]+?)__([a-z0-9_]+)'\s*\)")


def problems(sources_dir: Path, staging_dir: Path) -> list[str]:
    """One line for each thing missing, wrong or still to be filled in, with path and line; none when all is well.

    An entity needs no staging model, the record of a source does.
    """
    folders = sorted(path for path in sources_dir.iterdir() if path.is_dir() and not path.name.startswith(("_", ".")))
    if not folders:
        return [f"{sources_dir}: no source is declared here"]
    found: list[str] = []
    declared: dict[str, Source | None] = {}
    for folder in folders:
        declared[folder.name] = _source_problems(folder, staging_dir, found)
    found += _unfed(declared, staging_dir)
    return [problem.replace(f"{Path.cwd()}/", "") for problem in found]


def _source_problems(folder: Path, staging_dir: Path, found: list[str]) -> Source | None:
    """The source, or None where its declaration does not load; what is wrong goes to `found`."""
    declaration = folder / "source.yaml"
    if not declaration.is_file():
        found.append(f"{folder}: has no source.yaml; declare the source or remove the folder")
        return None
    try:
        source = load_source(declaration)
    except UsageError as error:
        found.append(str(error))
        return None
    found += [f"{declaration}:{line}: {place} is still {PLACEHOLDER}" for place, line in _open_places(declaration)]
    readme = folder / "README.md"
    if not readme.is_file() or not readme.read_text(encoding="utf-8").strip():
        found.append(f"{readme}: missing or empty; say where the real feed comes from and what is particular")
    else:
        found += _open_lines(readme)
    model = f"stg_{source.id}__{source.record_entity}.sql"
    if not any(staging_dir.rglob(model)):
        line = line_of(declaration, ("entities", source.record_entity))
        found.append(
            f"{declaration}:{line}: no staging model {model} under {staging_dir}; its records would reach no table"
        )
    for path in sorted(staging_dir.rglob(f"stg_{source.id}__*.sql")):
        described = path.with_suffix(".yml")
        if described.is_file():
            found += _open_lines(described)
        else:
            found.append(f"{path}: has no {described.name} beside it; declare its table of the lake and describe it")
    for name, entity in source.entities.items():
        for number, column in enumerate(entity.columns):
            try:
                re.compile(column.pattern or "")
                re.compile(column.shifted or "")
            except re.error as error:
                line = line_of(declaration, ("entities", name, "columns", number))
                found.append(f"{declaration}:{line}: entities.{name}.{column.name}: pattern does not compile: {error}")
    try:
        source.module("parse")
    except Exception as error:  # whatever the source's own code raises is the finding
        found.append(f"{folder / 'parse.py'}: cannot be imported: {type(error).__name__}: {error}")
    try:
        load_corrections(source)
    except UsageError as error:
        found.append(str(error))
    return source


def _open_places(declaration: Path) -> Iterator[tuple[str, int]]:
    """(place, line) of every value of a declaration that is still a placeholder; columns by their name."""

    def visit(node: yaml.Node, place: tuple[str, ...]) -> Iterator[tuple[str, int]]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                yield from visit(value, (*place, str(key.value)))
        elif isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                named = {k.value: v.value for k, v in item.value} if isinstance(item, yaml.MappingNode) else {}
                yield from visit(item, (*place[:-1], str(named.get("name", number))))
        elif node.value == PLACEHOLDER:
            yield ".".join(place), node.start_mark.line + 1

    root = yaml.compose(declaration.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    if root is not None:
        yield from visit(root, ())


def _open_lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        f"{path}:{number}: {line.strip().lstrip('-# ')[:60]}: still {PLACEHOLDER}"
        for number, line in enumerate(lines, 1)
        if PLACEHOLDER in line
    ]


def _unfed(declared: dict[str, Source | None], staging_dir: Path) -> list[str]:
    """Staging models that read a table of the lake which no source declares."""
    found: list[str] = []
    for path in sorted(staging_dir.rglob("*.sql")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for source_id, entity in _LAKE_TABLE.findall(line):
                source = declared.get(source_id)
                # A declaration that does not load is told already.
                if source_id not in declared or (source is not None and entity not in source.entities):
                    found.append(
                        f"{path}:{number}: reads lake.{source_id}__{entity}, which no source declares; declare it, or"
                        " remove the model"
                    )
    return found
