"""The load gate of a source: a suite generated from its declaration, including the hand-written checks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb

from pipelines.contract.declarations import Source
from pipelines.gates.check import CheckPlan, CheckResult
from pipelines.gates.delivery_checks import (
    QUARANTINED_WHOLE,
    VOLUME,
    DeliveryCounts,
    add_delivery_checks,
    measure_volume,
)
from pipelines.gates.entity_checks import add_entity_checks
from pipelines.gates.source_rules import SourceRules
from pipelines.gates.suite import Rule, run
from pipelines.state.home import business_today


def load_plans(source: Source) -> list[CheckPlan]:
    """Every check of a source's load gate, from its declaration; cheap, since nothing is run.

    Raises UsageError where the declaration names an unknown column or gives two checks the same name.
    """
    return [rule.plan for rule in _load_rules(source, business_today())]


def run_load_gate(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    history: Sequence[DeliveryCounts],
    *,
    as_of: date | None = None,
) -> list[CheckResult]:
    """Run a source's load gate over schema `lake` of the connection's database; results in the order of `load_plans`.

    `history` are the deliveries of earlier runs. Deliveries of the lake that are not among them are new, and each is
    compared with all that came before it; when none is new, the newest is compared. There is no result when no delivery
    of the source was read. When every delivery was quarantined completely, only the check of that can fail.

    Raises CheckCannotRun when a check gives no verdict.
    """
    states = connection.execute(
        "select distinct state from lake.deliveries where source_id = ? and state in ('loaded', 'quarantined')",
        [source.id],
    ).fetchall()
    rules = _load_rules(source, as_of or business_today())
    if ("loaded",) in states:
        measure_volume(connection, source, history)
        try:
            return run(connection, rules, source.id)
        finally:
            connection.execute(f"drop table temp.main.{VOLUME}")
    if not states:
        return []
    quarantined = run(connection, [rule for rule in rules if rule.plan.name == QUARANTINED_WHOLE], source.id)
    judged = {result.plan.name: result for result in quarantined}
    return [
        judged.get(rule.plan.name)
        or CheckResult(rule.plan, True, "no loaded delivery", rule.expected, None, None, rule.remedy)
        for rule in rules
    ]


def _load_rules(source: Source, as_of: date) -> list[Rule]:
    rules = SourceRules(source)
    add_delivery_checks(rules)
    for entity in source.entities:
        add_entity_checks(rules, entity, as_of)
    return rules.rules
