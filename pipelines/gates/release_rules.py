"""A rule of the release gate: its plan, and the parts that it has for a candidate."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipelines.gates.candidate import Candidate
from pipelines.gates.check import CheckPlan
from pipelines.gates.expectations import Demand, FailingRowsAtMost
from pipelines.gates.suite import TableDemand

MODELS_REMEDY = "Report it to the maintainers of dbt_project/models; the current release stays."


@dataclass(frozen=True)
class ReleaseRule:
    """A plan, and a function from a candidate to its parts; `may_be_empty` is the reason why there may be none."""

    plan: CheckPlan
    parts: Callable[[Candidate], Iterable[TableDemand]]
    expected: str
    remedy: str = MODELS_REMEDY
    may_be_empty: str | None = None


def release_rule(
    table: str,
    rule: str,
    description: str,
    reason: str,
    expected: str,
    parts: Callable[[Candidate], Iterable[TableDemand]],
    remedy: str = MODELS_REMEDY,
    may_be_empty: str | None = None,
    may_be_overridden: bool = False,
) -> ReleaseRule:
    """A rule of severity error on `table` (or a schema), named `<table>__<rule>`."""
    name = f"{table.replace('.', '__')}__{rule}"
    plan = CheckPlan(name, "release", None, table, "error", description, reason, may_be_overridden)
    return ReleaseRule(plan, parts, expected, remedy, may_be_empty)


def star_part(table: str, demand: Demand, label: str = "") -> TableDemand:
    """A demand on one table of the star."""
    return TableDemand("star", table, demand, label or f"star.{table}")


def one_query(schema: str, table: str, query: str, *parameters: object) -> Callable[[Candidate], Iterable[TableDemand]]:
    """The one part of a rule whose query returns the failing rows of a table."""
    return lambda _: [TableDemand(schema, table, FailingRowsAtMost(query, parameters))]
