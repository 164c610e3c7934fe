"""The layout of a sample file: where records and their values are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

HEAD_BYTES = 1 << 20


@dataclass(frozen=True)
class Place:
    """An entity as found: `name` as the file calls it, where each column is read, and how many rows were met."""

    name: str
    columns: list[str]
    rows: str | None = None
    repeated: str | None = None
    siblings: bool = False
    n_met: int | None = None


@dataclass(frozen=True)
class Layout:
    """Format, entities (the record first), the sections of a declaration that say where they lie, and what could not
    be declared, in words."""

    format: str
    places: list[Place]
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    encodings: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
