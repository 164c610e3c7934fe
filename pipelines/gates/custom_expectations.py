"""The two expectations that Great Expectations lacks.

It has no regular expressions for this project's dialect, and its own UnexpectedRowsExpectation runs a query twice,
fetches every failing row and interprets braces and colons in SQL.

Importing this module imports Great Expectations (about ten seconds).
"""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation, ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider


class ColumnValuesMatchWhole(ColumnMapMetricProvider):
    """Counts the values that a regular expression does not match completely, in the same scan as other expectations."""

    condition_metric_name = "column_values.match_whole"
    condition_value_keys = ("pattern",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, pattern: str, **kwargs: Any) -> Any:
        return sa.func.regexp_full_match(column, pattern)


class ExpectColumnValuesToMatchWhole(ColumnMapExpectation):
    """An RE2 pattern matches every value except null, from its first to its last character."""

    pattern: str

    map_metric: ClassVar[str] = "column_values.match_whole"
    success_keys: ClassVar[tuple[str, ...]] = ("pattern", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "pattern")


class FailingRows(TableMetricProvider):
    """The number of rows that a query returns and the smallest of them, from one pass; the query runs unchanged."""

    metric_name = "query.failing_rows"
    value_keys = ("query", "parameters")

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> tuple[int, dict[str, object]]:
        statement = f"select count(*), min(failing) from (\n{metric_value_kwargs['query']}\n) as failing"
        with execution_engine.get_connection() as connection:
            parameters = tuple(metric_value_kwargs["parameters"])
            n_failed, example = connection.exec_driver_sql(statement, parameters).one()
        return int(n_failed), dict(example or {})


class ExpectFailingRowsAtMost(BatchExpectation):
    """A query that returns the failing rows returns at most `max_share` of as many rows as the batch has.

    `query` may contain `?` for `parameters`. Nothing else is substituted: braces, colons and percent signs are SQL.
    """

    query: str
    parameters: tuple[Any, ...] = ()
    max_share: float = 0.0

    metric_dependencies: ClassVar[tuple[str, ...]] = ("query.failing_rows", "table.row_count")
    success_keys: ClassVar[tuple[str, ...]] = ("query", "parameters", "max_share")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> dict[str, Any]:
        n_failed, example = metrics["query.failing_rows"]
        n_rows = metrics["table.row_count"]
        return {
            "success": n_failed <= self.max_share * n_rows,
            "result": {"element_count": n_rows, "unexpected_count": n_failed, "example": example},
        }
