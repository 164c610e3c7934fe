"""corrections.yaml of a source: reading and validating declared corrections."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from pipelines.contract.declarations import Source
from pipelines.contract.loading import first_problem, read_yaml
from pipelines.errors import GateRefused, UsageError

FILE_NAME = "corrections.yaml"
RECORD_ADDRESS = ("delivery_sha256", "record_no", "item_no")


class CorrectionOutdated(GateRefused):
    """The publisher has corrected the record that a correction was written for."""


def _as_written(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str):
        return value
    # YAML reads 0012 as the number 10.
    raise ValueError("write the value in quotes, as the office writes it")


Value = Annotated[str | None, BeforeValidator(_as_written)]


class Correction(BaseModel):
    """One correction. Values are written as the office writes them; null is an empty cell."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1)]
    entity: str = ""
    match: Annotated[dict[str, Value], Field(min_length=1)]
    expect: Annotated[dict[str, Value], Field(min_length=1)]
    set_: Annotated[dict[str, Value], Field(alias="set")] = {}
    drop: bool = False
    reason: Annotated[str, Field(min_length=1)]
    author: Annotated[str, Field(min_length=1)]
    decided_on: Annotated[date, Field(alias="date")]

    @model_validator(mode="after")
    def _does_one_thing(self) -> Correction:
        if bool(self.set_) == self.drop:
            raise ValueError("needs either `set` or `drop: true`")
        return self


def corrections_path(source: Source) -> Path:
    """The path of the corrections of a source, whether the file exists or not."""
    return source.folder / FILE_NAME


def corrections_digest(source: Source) -> str | None:
    """SHA-256 of a source's corrections; None without any."""
    path = corrections_path(source)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def load_corrections(source: Source) -> list[Correction]:
    """The corrections of a source, in file order.

    Raises UsageError naming the file and the correction when one is not written as sources/README.md says, names what
    the source does not declare, or sets a value that breaks the source's own contract.
    """
    path = corrections_path(source)
    if not path.exists():
        return []
    raw = read_yaml(path)
    if not isinstance(raw, list):
        raise UsageError(f"{path}: corrections are a list; see sources/README.md")
    corrections: list[Correction] = []
    for number, entry in enumerate(raw, start=1):
        line = f"{path}: correction {entry.get('id', number) if isinstance(entry, dict) else number}"
        try:
            correction = Correction.model_validate(entry)
        except ValidationError as error:
            raise UsageError(f"{line}: {first_problem(error)}") from error
        if any(correction.id == earlier.id for earlier in corrections):
            raise UsageError(f"{line}: two corrections have this id; rename one")
        _refuse_undeclared(source, correction, line)
        corrections.append(correction)
    return corrections


def _refuse_undeclared(source: Source, correction: Correction, line: str) -> None:
    from pipelines.contract.check import typed_values

    entity = source.entities.get(correction.entity or source.record_entity)
    if entity is None:
        raise UsageError(f"{line}: no entity {correction.entity}; declared are {', '.join(source.entities)}")
    for section, values in (("match", correction.match), ("expect", correction.expect), ("set", correction.set_)):
        for name in values:
            if name not in entity.by_name and not (section == "match" and name in RECORD_ADDRESS):
                raise UsageError(f"{line}: {section}: no column {name}; declared are {', '.join(entity.by_name)}")
    try:
        typed_values(entity, correction.set_)
    except ValueError as error:
        raise UsageError(f"{line}: set: {error}; a correction must keep the contract of {source.id}") from error
