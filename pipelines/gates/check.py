"""A check of a gate: its plan, known before it runs, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warn"]

EXAMPLE_LENGTH = 160


@dataclass(frozen=True)
class CheckPlan:
    """A check known before it runs. `name` is unique within its source (or the release gate) and fits Dagster's rules.

    `table` is the entity for the load gate, and `schema.table` or a schema for the release gate. `may_be_overridden`
    marks a tolerance: an operator may publish one release although the check fails.
    """

    name: str
    gate: Literal["load", "release"]
    source_id: str | None
    table: str
    severity: Severity
    description: str
    reason: str
    may_be_overridden: bool = False

    @property
    def full_name(self) -> str:
        """`source/check` for the load gate, the name alone for the release gate: unique among all checks."""
        return f"{self.source_id}/{self.name}" if self.source_id else self.name


@dataclass(frozen=True)
class CheckResult:
    """What a check found. `n_failed` counts rows, values or deliveries; None where the check counts nothing."""

    plan: CheckPlan
    passed: bool
    observed: str
    expected: str
    n_failed: int | None
    example: str | None
    remedy: str

    @property
    def line(self) -> str:
        """One line that names what was checked, the rule, what was found and the remedy."""
        if self.passed:
            return f"{self._subject}: {self.plan.name}: {self.observed}; expected {self.expected}"
        line = f"{self._finding}; {self.plan.reason.rstrip('.')}. {self.remedy}"
        if self.plan.may_be_overridden:
            line += (
                " To publish one release all the same:"
                f" `touchstone refresh --override {self.plan.full_name} --reason TEXT`."
            )
        return line

    def overridden_line(self, reason: str) -> str:
        """One line that names what was checked, the rule, what was found and why it is published all the same."""
        return f"{self._finding}; overridden: {reason}"

    @property
    def _subject(self) -> str:
        return f"{self.plan.source_id}/{self.plan.table}" if self.plan.source_id else self.plan.table

    @property
    def _finding(self) -> str:
        first = f"; first: {self.example}" if self.example else ""
        return f"{self._subject}: {self.plan.name}: found {self.observed}, expected {self.expected}{first}"


def shortened(text: str) -> str:
    """The text on one line, of at most EXAMPLE_LENGTH characters."""
    line = " ".join(text.split())
    return line if len(line) <= EXAMPLE_LENGTH else line[: EXAMPLE_LENGTH - 1] + "…"
