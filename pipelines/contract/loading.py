"""Reading source.yaml files, with the line of each error."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from pipelines.contract.declarations import Source
from pipelines.errors import UsageError
from pipelines.state.home import SOURCES_DIR


def load_source(path: Path) -> Source:
    """Read and validate one source.yaml.

    Raises UsageError with the file's path, the place in it and the rule broken.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: not readable as YAML: {error}".replace("\n", " ")) from error
    if not isinstance(raw, dict):
        raise UsageError(f"{path}: a declaration is a mapping; see sources/README.md")
    try:
        return Source(**raw, folder=path.parent)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "declaration"
        line = line_of(path, first["loc"])
        raise UsageError(f"{path}:{line}: {place}: {first['msg']} ({error.error_count()} in all)") from error


def line_of(path: Path, place: Sequence[str | int]) -> int:
    """The line of a YAML file on which a place (keys, and positions in lists) stands; where it does not, that of the
    nearest place around it."""
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    line = 1
    for step in place:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = (node.value[step], node.value[step])
        if found is None:
            break
        key, node = found
        line = key.start_mark.line + 1
    return line


@lru_cache(maxsize=4)
def load_sources(folder: Path = SOURCES_DIR) -> dict[str, Source]:
    """Every declared source by id, in alphabetical order."""
    return {path.parent.name: load_source(path) for path in sorted(folder.glob("*/source.yaml"))}
