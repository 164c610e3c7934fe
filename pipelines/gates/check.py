"""A check of a gate: its plan, known before it runs, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warn"]

EXAMPLE_LENGTH = 160


@dataclass(frozen=True)
class CheckPlan:
    """A check known before it runs. `name` is unique within its source (or the release gate) and fits Dagster's rules.

    `table` is the entity for the load gate, and `schema.table` or a schema for the release gate.
    """

    name: str
    gate: Literal["load", "release"]
    source_id: str | None
    table: str
    severity: Severity
    description: str
    reason: str


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
        subject = f"{self.plan.source_id}/{self.plan.table}" if self.plan.source_id else self.plan.table
        if self.passed:
            return f"{subject}: {self.plan.name}: {self.observed}; expected {self.expected}"
        first = f"; first: {self.example}" if self.example else ""
        return (
            f"{subject}: {self.plan.name}: found {self.observed}, expected {self.expected}{first};"
            f" {self.plan.reason.rstrip('.')}. {self.remedy}"
        )


def shortened(text: str) -> str:
    """The text on one line, cut to what a message can hold."""
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= EXAMPLE_LENGTH else one_line[: EXAMPLE_LENGTH - 1] + "…"
