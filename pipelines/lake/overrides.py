"""enterprise_overrides.csv: which enterprises are the same, and which are not, whatever the data say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pipelines.errors import UsageError
from pipelines.lake.decision_rows import Party, read_day, read_parties, read_rows

OVERRIDES = "enterprise_overrides.csv"
_COLUMNS = ["subject", "decision", "object", "reason", "author", "date"]
_DECISIONS = ("same", "different")


@dataclass(frozen=True)
class Override:
    """`subject` is (`same`) or is not (`different`) the enterprise `object`, whatever the data say."""

    line: int
    subject: Party
    decision: str
    object: Party
    reason: str
    author: str
    decided_on: date


def load_overrides(path: Path) -> list[Override]:
    """The overrides in file order, one row each; chains of `same` are followed to their end.

    Raises UsageError naming the file and line where one is not written as sources/README.md says, contradicts another,
    or leads back to itself.
    """
    overrides: list[Override] = []
    rows = read_rows(path, _COLUMNS)
    parties = read_parties(path, [(line, row[side]) for line, row in rows for side in ("subject", "object")])
    for number, (line_no, row) in enumerate(rows):
        line, decision = f"{path}:{line_no}", row["decision"]
        subject, object_ = parties[2 * number], parties[2 * number + 1]
        if decision not in _DECISIONS:
            raise UsageError(f"{line}: decision {decision or '(empty)'}: write one of {', '.join(_DECISIONS)}")
        if decision == "different" and subject.uscc and not object_.uscc:
            subject, object_ = object_, subject
        _refuse_pointless(line, subject, decision, object_)
        day = read_day(line, row["date"])
        overrides.append(Override(line_no, subject, decision, object_, row["reason"], row["author"], day))
    _refuse_contradictions(path, overrides)
    next_links = {override.subject.identity: override for override in overrides if override.decision == "same"}
    for override in overrides:
        if override.decision == "different" and (
            _end(path, override, override.subject, next_links).identity
            == _end(path, override, override.object, next_links).identity
        ):
            raise UsageError(f"{path}:{override.line}: other lines say that the two are the same; remove one of them")
    return [
        override
        if override.decision == "different"
        else replace(override, object=_end(path, override, override.object, next_links))
        for override in overrides
    ]


def _refuse_pointless(line: str, subject: Party, decision: str, object_: Party) -> None:
    if subject.identity == object_.identity:
        raise UsageError(f"{line}: subject and object are the same; remove the line")
    if subject.uscc and object_.uscc and decision == "different":
        raise UsageError(f"{line}: two credit codes are two enterprises already; remove the line")
    if subject.uscc and not object_.uscc and decision == "same":
        raise UsageError(f"{line}: a credit code can be the same only as another code; swap subject and object")


def _refuse_contradictions(path: Path, overrides: Iterable[Override]) -> None:
    same: dict[str, Override] = {}
    different = {frozenset((o.subject.identity, o.object.identity)) for o in overrides if o.decision == "different"}
    for override in overrides:
        if override.decision != "same":
            continue
        line = f"{path}:{override.line}"
        if frozenset((override.subject.identity, override.object.identity)) in different:
            raise UsageError(f"{line}: another line says that the two are different; remove one of them")
        earlier = same.setdefault(override.subject.identity, override)
        if earlier is not override:
            raise UsageError(
                f"{line}: line {earlier.line} gives this subject an enterprise already; remove one of them"
            )


def _end(path: Path, override: Override, party: Party, next_links: Mapping[str, Override]) -> Party:
    """The end of the chain of `same` that begins with a party of this override."""
    seen: set[str] = set()
    while party.identity in next_links:
        if party.identity in seen:
            raise UsageError(f"{path}:{override.line}: these overrides lead back to their subject; remove one of them")
        seen.add(party.identity)
        party = next_links[party.identity].object
    return party
