"""The release gate: the suite that a candidate passes before it becomes a release."""

from __future__ import annotations

import duckdb

from pipelines.build.dbt_project import DbtProject
from pipelines.gates.audit_checks import AUDIT_RULES
from pipelines.gates.candidate import Candidate
from pipelines.gates.check import CheckPlan, CheckResult
from pipelines.gates.release_rules import ReleaseRule
from pipelines.gates.star_checks import GROWTH_RULES, STAR_RULES, code_rules
from pipelines.gates.suite import Rule, run

# The rules of every dbt project.
GENERAL_RULES = (*STAR_RULES, *AUDIT_RULES, *GROWTH_RULES)


def release_plans(project: DbtProject) -> list[CheckPlan]:
    """Every check of the release gate; cheap, nothing is run."""
    return [rule.plan for rule in _rules(project)]


def run_release_gate(connection: duckdb.DuckDBPyConnection, project: DbtProject) -> list[CheckResult]:
    """Run the release gate over a candidate; results in the order of `release_plans`.

    The connection's current database is the candidate (schemas star, marts, audit); the work database is attached as
    `work`, and the release before, where there is one, as `previous`. Raises CheckCannotRun when a check
    gives no verdict.
    """
    candidate = Candidate.of(connection, project)
    rules = [
        Rule(rule.plan, tuple(rule.parts(candidate)), rule.expected, rule.remedy, nothing_to_check=rule.may_be_empty)
        for rule in _rules(project)
    ]
    return run(connection, rules, None)


def _rules(project: DbtProject) -> list[ReleaseRule]:
    return [*GENERAL_RULES, *code_rules(project)]
