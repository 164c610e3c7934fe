"""The rules of one source, as its load gate collects them."""

from __future__ import annotations

from pipelines.contract.declarations import Source
from pipelines.errors import UsageError
from pipelines.gates.check import CheckPlan, Severity
from pipelines.gates.expectations import Demand
from pipelines.gates.suite import Rule, TableDemand
from pipelines.state.database import quoted


class SourceRules:
    """Collects the rules of one source; `contract` and `quarantine` are what remedies name."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.rules: list[Rule] = []
        self.contract = f"sources/{source.id}/source.yaml"
        self.quarantine = f"`touchstone quarantine list --source {source.id}`"

    def view(self, entity: str) -> str:
        """The entity's view in the lake, as SQL writes it."""
        return f"lake.{quoted(f'{self.source.id}__{entity}')}"

    def add(
        self,
        subject: str,
        rule: str,
        demand: Demand,
        *,
        description: str,
        reason: str,
        expected: str,
        remedy: str,
        severity: Severity = "error",
        observe: tuple[str, tuple[object, ...]] | None = None,
        table: tuple[str, str] | None = None,
        may_be_overridden: bool = False,
    ) -> None:
        """Add a rule with one demand; raises UsageError where its name is taken."""
        name = f"{subject}__{rule}"
        if any(known.plan.name == name for known in self.rules):
            raise UsageError(f"{self.contract}: two checks are named {name}; rename the hand-written one")
        schema, relation = table or ("lake", f"{self.source.id}__{subject}")
        plan = CheckPlan(name, "load", self.source.id, subject, severity, description, reason, may_be_overridden)
        self.rules.append(Rule(plan, (TableDemand(schema, relation, demand),), expected, remedy, observe))
