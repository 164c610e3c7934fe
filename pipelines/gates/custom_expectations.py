"""The two expectations that Great Expectations lacks.

It has no regular expressions for this project's dialect, and its own UnexpectedRowsExpectation runs a query twice,
fetches every failing row and takes braces and colons in SQL for its own.

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
    """Counts the values that a regular expression does not match from end to end, fused into the batch's one scan."""

    condition_metric_name = "column_values.match_whole"
    condition_value_keys = ("pattern",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, pattern: str, **kwargs: Any) -> Any:
        return sa.func.regexp_full_match(column, pattern)


class ExpectColumnValuesToMatchWhole(ColumnMapExpectation):
    """Every value except null is matched from end to end by an RE2 pattern."""

    pattern: str

    map_metric: ClassVar[str] = "column_values.match_whole"
    success_keys: ClassVar[tuple[str, ...]] = ("pattern", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "pattern")


class FailingRows(TableMetricProvider):
    """(number of rows that a query returns, the smallest of them): one pass, one row back, the text passed on as is."""

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
    """A query, each of whose rows is a failure, returns at most `max_share` of the batch's rows.

    `query` may hold `?` for `parameters`. Nothing in it is substituted, so braces, colons and percent signs are SQL.
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
