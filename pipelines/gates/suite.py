"""Runs the checks of a gate with Great Expectations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from pipelines.gates.check import CheckPlan, CheckResult, shortened
from pipelines.gates.expectations import (
    Demand,
    Filled,
    HasColumns,
    RowsAtLeast,
    Unique,
    expectation_of,
    failing_condition,
)
from pipelines.state.database import quoted

if TYPE_CHECKING:
    from pipelines.gates.great_expectations import ExpectationOutcome

_SHOWN_FINDINGS = 3


@dataclass(frozen=True)
class TableDemand:
    """One demand on one table; `label` distinguishes the parts of a rule where it has several."""

    schema: str
    table: str
    demand: Demand
    label: str = ""


@dataclass(frozen=True)
class Rule:
    """A plan and its demands. `observe` is a query, with parameters, whose text says what the check found.

    A rule without parts fails, since it checked nothing, unless `nothing_to_check` gives the reason.
    """

    plan: CheckPlan
    parts: tuple[TableDemand, ...]
    expected: str
    remedy: str
    observe: tuple[str, tuple[object, ...]] | None = None
    nothing_to_check: str | None = None


def run(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], source_id: str | None) -> list[CheckResult]:
    """Validate every table once, against all demands on it; returns the result of each rule."""
    from pipelines.gates import great_expectations

    demands: dict[tuple[str, str], list[tuple[str, TableDemand]]] = {}
    for rule in rules:
        for part in rule.parts:
            demands.setdefault((part.schema, part.table), []).append((rule.plan.name, part))
    outcomes: dict[int, ExpectationOutcome] = {}
    with great_expectations.datasource(connection) as datasource:
        for (schema, table), of_table in demands.items():
            if not _exists(connection, schema, table):
                continue
            validated = great_expectations.validate(
                datasource,
                table,
                [expectation_of(part.demand) for _, part in of_table],
                schema=schema,
                names=[name for name, _ in of_table],
            )
            outcomes |= {id(part): outcome for (_, part), outcome in zip(of_table, validated, strict=True)}
    return [_result(connection, rule, [outcomes.get(id(part)) for part in rule.parts], source_id) for rule in rules]


def _exists(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    database, _, name = schema.rpartition(".")
    return bool(
        connection.execute(
            "select 1 from duckdb_columns() where database_name = coalesce(nullif(?, ''), current_database())"
            " and schema_name = ? and table_name = ? limit 1",
            [database, name, table],
        ).fetchall()
    )


def _result(
    connection: duckdb.DuckDBPyConnection,
    rule: Rule,
    outcomes: Sequence[ExpectationOutcome | None],
    source_id: str | None,
) -> CheckResult:
    def result(passed: bool, observed: str, n_failed: int | None, example: str | None = None) -> CheckResult:
        return CheckResult(rule.plan, passed, observed, rule.expected, n_failed, example, rule.remedy)

    if not rule.parts:
        return result(rule.nothing_to_check is not None, rule.nothing_to_check or "nothing to check", None)
    failing = [
        (part, outcome)
        for part, outcome in zip(rule.parts, outcomes, strict=True)
        if outcome is None or not outcome.passed
    ]
    counts = [outcome.n_failed for _, outcome in failing if outcome is not None and outcome.n_failed is not None]
    if not failing:
        only_outcome = outcomes[0] if len(outcomes) == 1 else None
        if only_outcome is None:
            return result(True, f"{len(rule.parts)} tables or columns as expected", 0)
        observed = _observe(connection, rule.observe) or _observed(rule.parts[0].demand, only_outcome)
        return result(True, observed, _n_failed(rule.parts[0].demand, only_outcome))
    # Who overrides a check must see all that it found.
    shown = failing if rule.plan.may_be_overridden else failing[:_SHOWN_FINDINGS]
    more = f" and {len(failing) - len(shown)} more" if len(failing) > len(shown) else ""
    observed = "; ".join(_finding(part, outcome, len(rule.parts) > 1) for part, outcome in shown) + more
    summary = _observe(connection, rule.observe)
    part, outcome = failing[0]
    example = None
    if outcome is not None:
        example = _first_failing_record(connection, part, source_id) if source_id else None
        example = example or _as_text(outcome.example) or None
    return result(False, f"{observed} ({summary})" if summary else observed, sum(counts) if counts else None, example)


def _finding(part: TableDemand, outcome: ExpectationOutcome | None, labelled: bool) -> str:
    if outcome is None:
        return f"{part.schema}.{part.table} is missing"
    observed = _observed(part.demand, outcome)
    return f"{part.label}: {observed}" if labelled and part.label else observed


def _n_failed(demand: Demand, outcome: ExpectationOutcome) -> int | None:
    if isinstance(demand, RowsAtLeast | HasColumns):
        return None
    return outcome.n_failed or 0


def _observed(demand: Demand, outcome: ExpectationOutcome) -> str:
    n_rows, n_failed = outcome.n_rows, outcome.n_failed or 0
    match demand:
        case RowsAtLeast():
            return f"{n_rows or 0:,} rows"
        case HasColumns():
            return f"without {outcome.example.get('missing', 'a column')}" if not outcome.passed else "all columns"
        case Unique():
            return "every key once" if outcome.passed else f"{n_failed:,} rows with a repeated key"
        case _ if not n_rows:
            return f"{n_failed:,} failing" if n_failed else "no rows to look at"
        case Filled():
            return f"{1 - n_failed / n_rows:.2%} filled, {n_failed:,} of {n_rows:,} rows empty"
    return f"{n_failed:,} of {n_rows:,} rows" if n_failed <= n_rows else f"{n_failed:,} rows"


def _observe(connection: duckdb.DuckDBPyConnection, query: tuple[str, tuple[object, ...]] | None) -> str | None:
    if query is None:
        return None
    text, parameters = query
    return str(connection.execute(text, list(parameters)).fetchall()[0][0])


def _first_failing_record(connection: duckdb.DuckDBPyConnection, part: TableDemand, source_id: str) -> str | None:
    """The file, record number and value of the first row that fails a demand on one column of an entity."""
    condition = failing_condition(part.demand)
    if condition is None or part.schema != "lake":
        return None
    failing, parameters = condition
    column = getattr(part.demand, "column", "record_no")
    rows = connection.execute(
        f"""
        select coalesce(d.original_name, t.delivery_sha256), t.record_no, t.{quoted(column)}
        from lake.{quoted(part.table)} as t
        left join lake.deliveries as d on d.sha256 = t.delivery_sha256 and d.source_id = ?
        where {failing} order by 1, 2 limit 1
        """,
        [source_id, *parameters],
    ).fetchall()
    if not rows:
        return None
    name, record_no, value = rows[0]
    return shortened(f"{name} record {record_no}: {column} {'is empty' if value is None else f'= {value}'}")


def _as_text(example: dict[str, object]) -> str:
    return shortened(", ".join(f"{name} = {value}" for name, value in example.items() if name != "missing"))
