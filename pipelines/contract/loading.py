"""Reading YAML files that people write, and source.yaml among them, with the place of each error."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipelines.contract.declarations import Source
from pipelines.errors import UsageError
from pipelines.state.home import SOURCES_DIR


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Raises UsageError with the file's path, in one line, when it cannot be read."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from error


def first_problem(error: ValidationError) -> str:
    """The place of the first problem that validation met, and the rule broken."""
    problem = error.errors()[0]
    return ": ".join(filter(None, (".".join(map(str, problem["loc"])), problem["msg"])))


def load_source(path: Path) -> Source:
    """Read and validate one source.yaml.

    Raises UsageError with the file's path, the place in it and the rule broken.
    """
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise UsageError(f"{path}: a declaration is a mapping; see sources/README.md")
    try:
        return Source(**raw, folder=path.parent)
    except ValidationError as error:
        line = line_of(path, error.errors()[0]["loc"])
        raise UsageError(f"{path}:{line}: {first_problem(error)} ({error.error_count()} in all)") from error


def line_of(path: Path, place: Sequence[str | int]) -> int:
    """The line of a YAML file on which a place (keys, and positions in lists) stands; where it does not, that of the
    nearest place around it."""
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    line = 1
    for step in place:
        node_at_step = None
        if isinstance(node, yaml.MappingNode):
            node_at_step = next(((key, value) for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node_at_step = (node.value[step], node.value[step])
        if node_at_step is None:
            break
        key, node = node_at_step
        line = key.start_mark.line + 1
    return line


@lru_cache(maxsize=4)
def load_sources(folder: Path = SOURCES_DIR) -> dict[str, Source]:
    """Every declared source by id, in alphabetical order."""
    return {path.parent.name: load_source(path) for path in sorted(folder.glob("*/source.yaml"))}
