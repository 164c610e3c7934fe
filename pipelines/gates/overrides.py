"""Overrides: checks that may fail in one refresh without stopping its release, for a reason that a person gives."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pipelines.contract.declarations import Source
from pipelines.errors import UsageError
from pipelines.gates.check import CheckPlan
from pipelines.gates.load_gate import load_plans
from pipelines.gates.release_gate import GENERAL_RULES


@dataclass(frozen=True)
class Overrides:
    """The full names of the overridden checks, and the reason for all of them."""

    checks: frozenset[str] = frozenset()
    reason: str = ""

    def reason_for(self, plan: CheckPlan) -> str | None:
        """Why a failure of this check does not stop the release; None where it does."""
        return self.reason if plan.may_be_overridden and plan.full_name in self.checks else None


def overridable_checks(sources: Iterable[Source]) -> list[str]:
    """The full names of all checks that may be overridden: those of the release gate first, then by source."""
    plans = [rule.plan for rule in GENERAL_RULES]
    plans += [plan for source in sources for plan in load_plans(source)]
    return [plan.full_name for plan in plans if plan.may_be_overridden]


def read_overrides(checks: Collection[str], reason: str, overridable: Collection[str]) -> Overrides:
    """The overrides of one refresh.

    Raises UsageError for a check that may not be overridden, with a list of those that may, for overrides without a
    reason and for a reason without overrides.
    """
    reason = " ".join(reason.split())
    for check in checks:
        if check not in overridable:
            source_id, _, _ = check.rpartition("/")
            of_source = [name for name in overridable if source_id and name.startswith(f"{source_id}/")]
            of_release = [name for name in overridable if "/" not in name]
            choices = [*of_release, *of_source] if of_source else overridable
            raise UsageError(f"--override {check}: not a check that may be overridden; these are: {', '.join(choices)}")
    if checks and not reason:
        raise UsageError(f"--override {min(checks)}: give the reason with --reason TEXT; it is kept in the release")
    if reason and not checks:
        raise UsageError("--reason: given without --override CHECK")
    return Overrides(frozenset(checks), reason)
